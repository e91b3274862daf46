"""Formats that annotated documents are written in and read from, one file each, found by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from gonerd.records import Annotation, Document, Rejected
from gonerd.registry import Registry

from ._fit import Reading


class Format(Protocol):
    """A file format for documents with their spans.

    Attributes:
        suffix: Ending of its files, with the dot.
        folder: Whether it is a folder of files rather than one file.
    """

    suffix: str
    folder: bool

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes documents, in order, to one file or folder.

        Args:
            pairs: Documents with their checked annotations; read lazily where the format allows it.
            path: File (or folder) to write.

        Returns:
            The number of documents written.
        """
        ...

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads annotations back, each checked against the text of its document.

        Args:
            path: File (or folder) to read, as written here or exported by the tool.
            reading: The documents, and how the file is to be read.

        Yields:
            Annotations in the order of the file, with an empty layer name; or, with a reason, what the tool
            holds but no annotator finished.

        Raises:
            GonerdError: The file is incomplete or malformed, names an unknown document or another text, or its
                offsets do not fit; the message names the place.
        """
        ...


FORMATS: Registry[Format] = Registry("format", "gonerd.formats")

__all__ = ["FORMATS", "Format", "Reading"]
