"""Formats that annotated documents are written in, one file each, found by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gonerd.records import Annotation, Document
from gonerd.registry import Registry

# A format turns documents and their annotations into the lines (or blocks) of a UTF-8 file.
Writer = Callable[[Iterable[tuple[Document, Annotation]]], Iterator[str]]

FORMATS: Registry[Writer] = Registry("format", "gonerd.annotation.formats")
