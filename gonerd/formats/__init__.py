"""Formats that annotated documents are written in, one file each, found by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from gonerd.records import Annotation, Document
from gonerd.registry import Registry


class Format(Protocol):
    """A file format for documents with their spans.

    Attributes:
        suffix: Ending of its files, with the dot.
    """

    suffix: str

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes documents, in order, to one file.

        Args:
            pairs: Documents with their checked annotations; read lazily where the format allows it.
            path: File to write.

        Returns:
            The number of documents written.
        """
        ...


FORMATS: Registry[Format] = Registry("format", "gonerd.formats")
