"""Decisions made in a tool: where two layers differ, what the layer of a third person has is right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import UsageError
from gonerd.files import new_file
from gonerd.io import LayerReader, read_documents
from gonerd.records import Document, Span

from .disputes import disputes


def decide_by_layer(first: Path, second: Path, judge: Path, documents: Path, out: Path, reason: str = "") -> int:
    """Writes a decision for every stretch where two layers differ, or agree and the judge does not.

    Args:
        first: Layer of one annotator.
        second: Layer of the other.
        judge: Layer of the adjudicator, for instance pulled from Label Studio; documents that it lacks stay undecided.
        documents: The annotated documents.
        out: JSONL file of decisions for `adjudicate`.
        reason: Why the judge is right; says whose layer it is when empty.

    Returns:
        The number of decisions.

    Raises:
        UsageError: The judge's layer is one of the two.
        GonerdError: A layer does not fit the documents.
    """
    if judge.resolve() in (first.resolve(), second.resolve()):
        raise UsageError(f"{judge}: is one of the layers to decide between; name that of a third person")
    readers = LayerReader(first), LayerReader(second), LayerReader(judge)
    count = 0
    with new_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        for document in read_documents(documents):
            a, b, right = (reader.take(document) for reader in readers)
            if a is None or b is None or right is None:
                continue
            why = reason or f"as layer {right.layer} has it"
            for row in _rows(document, a.spans, b.spans, right.spans, why):
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        for reader in readers:
            reader.finish(documents)
    return count


def _rows(
    document: Document, first: Sequence[Span], second: Sequence[Span], right: Sequence[Span], reason: str
) -> Iterator[dict[str, Any]]:
    text, agreed = document.text, {s.key for s in first} & {s.key for s in second}
    places = [(d.start, d.end) for d in disputes(first, second)]
    places += [key[:2] for key in agreed ^ {s.key for s in right}]
    for start, end in _merged(places):
        inside = [s for s in right if start <= s.start and s.end <= end]
        spans = [{"start": s.start, "end": s.end, "label": s.label, "text": text[s.start : s.end]} for s in inside]
        yield {
            "id": document.id,
            "start": start,
            "end": end,
            "text": text[start:end],
            "spans": spans,
            "reason": reason,
        }


def _merged(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
