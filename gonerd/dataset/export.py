"""A release written out for other tools, one file a split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import new_folder
from gonerd.formats import FORMATS
from gonerd.records import Annotation, Document

from .load import load_dataset
from .release import document_of, spans_of


def export_dataset(
    dataset: str,
    out: Path,
    format: str = "jsonl",
    *,
    revision: str | None = None,
    data_dir: str | Path | None = None,
) -> dict[str, int]:
    """Writes every split of a release to `OUT/<split><suffix>`.

    Args:
        dataset: As for `gonerd.load_dataset`.
        out: Folder to make.
        format: A registered format.
        revision: As for `gonerd.load_dataset`.
        data_dir: As for `gonerd.load_dataset`.

    Returns:
        Documents written, by split.

    Raises:
        UsageError: The format is unknown.
        GonerdError: The release cannot be loaded, or lacks the text of a document.
    """
    writer = FORMATS.get(format)
    splits = load_dataset(dataset, revision=revision, data_dir=data_dir)
    with new_folder(out) as folder:
        return {
            split: writer.write(pairs(rows, dataset), folder / f"{split}{writer.suffix}")
            for split, rows in splits.items()
        }


def pairs(rows: Iterable[dict[str, Any]], dataset: str) -> Iterator[tuple[Document, Annotation]]:
    """Turns rows of `documents` back into documents and annotations.

    Args:
        rows: The rows.
        dataset: Name of the release, for messages.

    Yields:
        Each document with its checked spans.

    Raises:
        GonerdError: A row has no text, or its spans do not fit it.
    """
    for row in rows:
        if row["text"] is None:
            raise GonerdError(
                f"{dataset}: document {row['id']!r} ships without its text; fill it in with `gonerd dataset rehydrate`"
            )
        document = document_of(row)
        annotation = Annotation(document.id, "gold", "released", document.sha256, spans_of(row))
        annotation.check(document)
        yield document, annotation
