"""GONERD: whole documents, PER/ORG/LOC/MISC spans, exact matches count."""

from __future__ import annotations

from pathlib import Path

from gonerd.dataset.load import load_dataset
from gonerd.errors import GonerdError
from gonerd.labels import BIO_TAGS
from gonerd.records import Span

from . import TASKS, Example, SpanTask


def load(data: str | Path, split: str) -> list[Example]:
    """Loads one split of a release.

    Args:
        data: As for `gonerd.dataset.load.load_dataset`.
        split: Name of the split.

    Returns:
        Its documents with their gold spans.

    Raises:
        GonerdError: It cannot be loaded, lacks the split or a column, or a span lies outside its text.
    """
    splits = load_dataset(data)
    if split not in splits:
        raise GonerdError(f"dataset {str(data)!r} has no split {split!r}; it has {', '.join(splits)}")
    for column in ("id", "text", "spans"):
        if column not in splits[split].column_names:
            raise GonerdError(f"dataset {str(data)!r} has no column {column!r}, so it is not a GONERD release")
    examples = []
    for row in splits[split].select_columns(["id", "text", "spans"]):
        spans = tuple(Span(s["start"], s["end"], s["label"]) for s in row["spans"])
        for span in spans:
            if span.end > len(row["text"]):
                raise GonerdError(f"dataset {str(data)!r}, document {row['id']}: span {span.key} lies outside its text")
        examples.append(Example(row["id"], row["text"], spans))
    return examples


TASKS.register("gonerd")(SpanTask("gonerd", "1", BIO_TAGS, load))
