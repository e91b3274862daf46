"""Documents and annotation layers on disk: parquet tables, or a JSONL file with `id` and `text`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import GonerdError
from .files import existing
from .records import Annotation, Document, Span
from .tables import read_table
from .text import check_normalized, normalize

_DOCUMENT_FIELDS = {f.name for f in dataclasses.fields(Document)}
_STRINGS = _DOCUMENT_FIELDS - {"published", "fetched", "text", "sha256"}
_JSONL = (".jsonl", ".json", ".ndjson")


def read_documents(path: Path) -> Iterator[Document]:
    """Reads documents lazily.

    Args:
        path: A folder of `*.parquet` shards, one parquet file, or a `.jsonl` file with `id` and `text`.

    Yields:
        Documents whose text is normalised, each id once.

    Raises:
        GonerdError: Something cannot be read, an id occurs twice, or a text is not normalised.
    """
    records = _read_jsonl(path) if path.suffix in _JSONL else read_table(path, Document)
    seen: set[str] = set()
    for document in records:
        if document.id in seen:
            raise GonerdError(f"{path}: the id {document.id!r} occurs twice; ids must be unique")
        seen.add(document.id)
        check_normalized(document.text, f"{path}, document {document.id}")
        yield document


def _read_jsonl(path: Path) -> Iterator[Document]:
    existing(path, "JSONL file", "check the path")
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            where = f"{path} line {number}"
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise GonerdError(f"{where}: not valid JSON ({error}); mend or remove the line") from error
            if not isinstance(row, dict):
                raise GonerdError(f"{where}: expected an object with 'id' and 'text'")
            for name in ("id", "text"):
                if not isinstance(row.get(name), str):
                    raise GonerdError(f"{where}: field {name!r} must be a string")
            # This is an ingestion border: a foreign text is normalised here, and the offsets that come
            # out are over the normalised text. Other columns ride along where they mean the same.
            known: dict[str, Any] = {k: v for k, v in row.items() if k in _STRINGS and isinstance(v, str)}
            try:
                yield Document(text=normalize(row["text"]), **known)
            except GonerdError as error:
                raise GonerdError(f"{where}: {error}") from error
            except UnicodeEncodeError as error:
                raise GonerdError(f"{where}: field 'text' holds half a surrogate pair; mend the line") from error


def read_annotations(path: Path) -> Iterator[Annotation]:
    """Reads an annotation layer lazily from its folder of shards (or one parquet file)."""
    return read_table(path, Annotation, nested=Span)


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
    layer_records = read_annotations(layer)
    waiting: dict[str, Annotation] = {}  # stays empty when the layer is in document order, as ours are
    seen: set[str] = set()
    for document in read_documents(documents):
        while document.id not in waiting and (annotation := next(layer_records, None)) is not None:
            if annotation.doc_id in seen:
                raise GonerdError(f"{layer}: document {annotation.doc_id!r} is annotated twice; annotate again")
            seen.add(annotation.doc_id)
            waiting[annotation.doc_id] = annotation
        found = waiting.pop(document.id, None)
        if found is None:
            raise GonerdError(
                f"{layer}: document {document.id!r} has no annotation; finish the layer with the same annotate command"
            )
        found.check(document)
        yield document, found
    orphan = next(iter(waiting), None) or next((a.doc_id for a in layer_records), None)
    if orphan is not None:
        raise GonerdError(
            f"{layer}: annotates document {orphan!r}, which {documents} does not hold; "
            "pass the documents that were annotated"
        )
