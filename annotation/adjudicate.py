"""Two annotators and a file of decisions make gold: what both have stays, every disagreement needs a reason."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import new_folder, write_json, write_text
from gonerd.io import DECISIONS, LayerReader, read_documents
from gonerd.jsonl import read_jsonl
from gonerd.records import Annotation, Decision, Document, Span
from gonerd.tables import write_table

from .disputes import Dispute, disputes
from .layers import PEOPLE, guideline_version, packaged, spans_from
from .marker import MARKER

AGREED, ADJUDICATED = "agreed", "adjudicated"
_FIELDS = {"id": str, "start": int, "end": int, "spans": list, "reason": str}


@dataclass(frozen=True)
class AdjudicationSummary:
    """Documents, gold spans by origin, and decisions by kind."""

    documents: int
    spans: dict[str, int]
    decisions: dict[str, int]


def adjudicate(
    first: Path, second: Path, documents: Path, decisions: str, out: Path, guidelines: str | None = None
) -> AdjudicationSummary:
    """Makes the gold layer.

    Args:
        first: Layer of one annotator.
        second: Layer of the other.
        documents: The annotated documents.
        decisions: JSONL file (or `sample:NAME`): `id`, `start`, `end` of a disputed stretch, the `spans` that
            are right there, and the `reason`. A stretch where both agreed and were wrong may be decided too.
        out: Folder of the gold layer; the decisions go to `decisions/` in it.
        guidelines: Version of the guidelines that the decisions follow; that of the packaged ones when None.

    Returns:
        The counts.

    Raises:
        GonerdError: A dispute is undecided (all of them are then listed in `OUT.undecided.jsonl`, ready to be
            filled in), a decision has no reason or cuts through a span, or the layers do not fit.
    """
    path, version = packaged(decisions), guidelines or guideline_version()
    by_document = _read_decisions(path)
    readers = LayerReader(first), LayerReader(second)
    gold: list[Annotation] = []
    kept: list[Decision] = []
    undecided: list[str] = []
    for document in read_documents(documents):
        found = [reader.take(document) for reader in readers]
        if found[0] is None and found[1] is None:
            continue
        if found[0] is None or found[1] is None:
            lacking = first if found[0] is None else second
            raise GonerdError(f"{lacking}: document {document.id!r} is not annotated, though the other layer has it")
        spans, made = _decide(document, found[0], found[1], by_document.pop(document.id, []), undecided)
        kept += made
        annotation = dataclasses.replace(found[0], layer=out.name, guideline_version=version, spans=spans)
        annotation.check(document)
        gold.append(annotation)
    for reader in readers:
        reader.finish(documents)
    if by_document:
        raise GonerdError(
            f"{path}: decides about document {min(by_document)!r}, which is not annotated; remove its lines"
        )
    _refuse_undecided(undecided, path, out)
    summary = AdjudicationSummary(
        len(gold),
        dict(Counter(span.provenance or "" for a in gold for span in a.spans)),
        dict(sorted(Counter(decision.kind for decision in kept).items())),
    )
    with new_folder(out) as folder:
        write_table(folder, gold, Annotation)
        write_table(folder / DECISIONS, kept, Decision)
        write_json(folder / MARKER, {"made_by": PEOPLE, "complete": True, **dataclasses.asdict(summary)})
    return summary


def _read_decisions(path: Path) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for where, row in read_jsonl(path, _FIELDS):
        if not row["reason"].strip():
            raise GonerdError(f"{where}: field 'reason' is empty; say why the decision is right")
        found[row["id"]].append((where, row))
    return found


def _decide(
    document: Document,
    first: Annotation,
    second: Annotation,
    rows: list[tuple[str, dict[str, Any]]],
    undecided: list[str],
) -> tuple[tuple[Span, ...], list[Decision]]:
    text = document.text
    agreed = {s.key for s in first.spans} & {s.key for s in second.spans}
    spans = {key: Span(*key, provenance=AGREED) for key in agreed}
    open_disputes = disputes(first.spans, second.spans)
    made: list[Decision] = []
    for where, row in sorted(rows, key=lambda item: item[1]["start"]):
        start, end = _stretch(row, text, where, made)
        inside = [d for d in open_disputes if start <= d.start and d.end <= end]
        open_disputes = [d for d in open_disputes if d not in inside]
        right = spans_from(row["spans"], text, where, ADJUDICATED)
        before = [s for s in spans.values() if s.start < end and start < s.end]
        crossed = [(d.start, d.end) for d in open_disputes if d.start < end and start < d.end]
        touched = crossed + [(s.start, s.end) for s in (*before, *right)]
        if any(not (start <= a and b <= end) for a, b in touched):
            raise GonerdError(f"{where}: a span reaches over the border of {start}..{end}; widen 'start' and 'end'")
        for span in before:
            del spans[span.key]
        spans.update({s.key: s for s in right})
        sides = [_inside(annotation.spans, start, end) for annotation in (first, second)]
        marked = "; ".join(f"{a.layer}: {_shown(s, text)}" for a, s in zip((first, second), sides, strict=True))
        kinds = {dispute.kind for dispute in inside} or {"both-wrong"}
        kind = kinds.pop() if len(kinds) == 1 else "several"
        made.append(Decision(document.id, start, end, kind, marked, _shown(right, text), row["reason"].strip()))
    undecided += [dispute_line(document, dispute, (first.layer, second.layer)) for dispute in open_disputes]
    return tuple(sorted(spans.values(), key=lambda s: s.key)), made


def _stretch(row: dict[str, Any], text: str, where: str, made: list[Decision]) -> tuple[int, int]:
    start, end = row["start"], row["end"]
    if isinstance(start, bool) or isinstance(end, bool) or not 0 <= start < end <= len(text):
        raise GonerdError(
            f"{where}: 'start' {start} and 'end' {end} are no stretch of {len(text)} characters; mend them"
        )
    if made and start < made[-1].end:
        raise GonerdError(f"{where}: {start}..{end} is decided twice, from {made[-1].start} on; keep one decision")
    if row.get("text", text[start:end]) != text[start:end]:
        raise GonerdError(
            f"{where}: field 'text' is {row['text']!r}, but {text[start:end]!r} stands there, so the decision is about "
            "another text; decide again"
        )
    return start, end


def _inside(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    return tuple(s for s in spans if start <= s.start and s.end <= end)


def _shown(spans: Iterable[Span], text: str) -> str:
    return " ".join(f"[{text[s.start : s.end]}]{{{s.label}}}" for s in spans) or "nothing"


def dispute_line(document: Document, dispute: Dispute, layers: tuple[str, str]) -> str:
    """Returns a dispute as a decision to fill in: one line of JSON, with what each layer has there."""
    text = document.text
    row = {
        "id": document.id,
        "start": dispute.start,
        "end": dispute.end,
        "kind": dispute.kind,
        "context": text[max(0, dispute.start - 60) : dispute.end + 60],
        **{name: _rows(s, text) for name, s in zip(layers, (dispute.first, dispute.second), strict=True)},
        "spans": [],
        "reason": "",
    }
    return json.dumps(row, ensure_ascii=False)


def _rows(spans: Iterable[Span], text: str) -> list[dict[str, Any]]:
    return [{"start": s.start, "end": s.end, "label": s.label, "text": text[s.start : s.end]} for s in spans]


def _refuse_undecided(undecided: list[str], path: Path, out: Path) -> None:
    if not undecided:
        return
    listing = out.with_name(f"{out.name}.undecided.jsonl")
    write_text(listing, "".join(f"{line}\n" for line in undecided))
    raise GonerdError(
        f"{path}: {len(undecided)} disagreements are undecided; fill in 'spans' and 'reason' of each line of {listing} "
        "and append them to the decisions"
    )
