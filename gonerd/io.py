"""Documents and annotation layers on disk: parquet tables, or a JSONL file with `id` and `text`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .errors import GonerdError
from .jsonl import read_jsonl
from .records import Annotation, Document, Span
from .tables import read_rows, read_table
from .text import check_normalized, normalize

_DOCUMENT_FIELDS = {f.name for f in dataclasses.fields(Document)}
_TIMES: dict[str, Callable[[str], date | datetime]] = {
    "published": lambda text: datetime.fromisoformat(text).date(),
    "fetched": datetime.fromisoformat,
}
DECISIONS = "decisions"  # folder of a gold layer in which adjudication keeps its decisions
JSONL = (".jsonl", ".json", ".ndjson")


def read_documents(path: Path) -> Iterator[Document]:
    """Reads documents lazily.

    Args:
        path: A folder of `*.parquet` shards, one parquet file, or a `.jsonl` file with `id` and `text`.

    Yields:
        Documents whose text is normalised, each id once.

    Raises:
        GonerdError: Something cannot be read, an id occurs twice, or a text is not normalised.
    """
    return (document for _, document in read_document_rows(path))


def read_document_rows(path: Path) -> Iterator[tuple[str, Document]]:
    """Reads documents like `read_documents`, each with its file and row."""
    records = _read_jsonl(path) if path.suffix in JSONL else read_rows(path, Document)
    seen: set[str] = set()
    for where, document in records:
        if document.id in seen:
            raise GonerdError(f"{where}: field 'id' {document.id!r} occurs twice; ids must be unique")
        seen.add(document.id)
        check_normalized(document.text, f"{where}, document {document.id}")
        yield where, document


def _read_jsonl(path: Path) -> Iterator[tuple[str, Document]]:
    for where, row in read_jsonl(path, {"id": str, "text": str}):
        # This is an ingestion border: a foreign text is normalised here, and the offsets that come
        # out are over the normalised text. Other columns ride along where they mean the same.
        try:
            yield where, Document(text=normalize(row["text"]), **dict(_known(row)))
        except GonerdError as error:
            raise GonerdError(f"{where}: {error}") from error
        except UnicodeEncodeError as error:
            raise GonerdError(
                f"{where}: a field holds half a surrogate pair ({error.reason}); mend the line"
            ) from error


def _known(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _DOCUMENT_FIELDS - {"text", "sha256"}:  # the hash is that of the normalised text
        value = row.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise GonerdError(f"field {name!r} is {type(value).__name__}, expected a string; mend the line")
        value.encode()
        if name in _TIMES:
            try:
                yield name, _TIMES[name](value)
            except ValueError as error:
                raise GonerdError(f"field {name!r} is {value!r}, no ISO 8601 date; mend the line") from error
        else:
            yield name, " ".join(value.split()) if name == "title" else value


def read_annotations(path: Path) -> Iterator[Annotation]:
    """Reads an annotation layer lazily from its folder of shards (or one parquet file)."""
    return read_table(path, Annotation, nested=Span)


class LayerReader:
    """Takes annotations out of a layer by document, in one pass when the two are in the same order.

    Args:
        layer: Folder of an annotation layer.
    """

    def __init__(self, layer: Path) -> None:
        self.layer = layer
        self._rows = read_rows(layer, Annotation, nested=Span)
        self._waiting: dict[str, tuple[str, Annotation]] = {}  # stays empty when the orders are the same, as ours are
        self._seen: set[str] = set()

    def take(self, document: Document) -> Annotation | None:
        """Returns the checked annotation of a document, or None when the layer has none.

        Raises:
            GonerdError: A row cannot be read, annotates a document again, or does not fit the document's
                text; the message names file and row.
        """
        while document.id not in self._waiting and (row := next(self._rows, None)) is not None:
            where, annotation = row
            if annotation.doc_id in self._seen:
                raise GonerdError(f"{where}: document {annotation.doc_id!r} is annotated twice; annotate again")
            self._seen.add(annotation.doc_id)
            self._waiting[annotation.doc_id] = row
        if document.id not in self._waiting:
            return None
        where, annotation = self._waiting.pop(document.id)
        try:
            annotation.check(document)
        except GonerdError as error:
            raise GonerdError(f"{where}: {error}") from error
        return annotation

    def finish(self, documents: Path) -> None:
        """Checks that every annotation was taken.

        Raises:
            GonerdError: One belongs to no document.
        """
        orphan = next(iter(self._waiting), None) or next((a.doc_id for _, a in self._rows), None)
        if orphan is not None:
            raise GonerdError(
                f"{self.layer}: annotates document {orphan!r}, which {documents} does not hold; "
                "pass the documents that were annotated"
            )


def pair(documents: Path, layer: Path) -> Iterator[tuple[Document, Annotation]]:
    """Walks documents and their annotations together, in document order.

    Args:
        documents: As for `read_documents`.
        layer: Folder of an annotation layer.

    Yields:
        Each document with its checked annotation.

    Raises:
        GonerdError: A document has no annotation, an annotation no document, or the two do not fit.
    """
    reader = LayerReader(layer)
    for document in read_documents(documents):
        annotation = reader.take(document)
        if annotation is None:
            raise GonerdError(
                f"{layer}: document {document.id!r} has no annotation; finish the layer with the same annotate command"
            )
        yield document, annotation
    reader.finish(documents)
