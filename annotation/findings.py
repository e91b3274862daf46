"""What can be wrong with the spans of a layer, and the repair of what is broken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from gonerd.labels import CORE
from gonerd.records import Document, Span
from gonerd.text import splits_cluster, visible
from gonerd.tokens import tokenize

# What no layer may hold; the others are for a person to judge.
BROKEN = ("empty", "outside the text", "white space", "misaligned", "unknown label", "duplicate", "overlap")
_CUTS = regex.compile(r"(?<=[\w\p{M}])(?=[\w\p{M}])")


@dataclass(frozen=True)
class LooseSpan:
    """A span as a file has it, whatever is wrong with it."""

    start: int
    end: int
    label: str
    score: float | None = None
    provenance: str | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that a person should look at.

    Attributes:
        doc_id: The document.
        kind: One of `BROKEN`, "inconsistent label" or "unmarked".
        start: Where the span begins, as the layer has it.
        end: Where it ends.
        label: Its label.
        text: What stands there.
        proposal: What it should be, for people to read; "" where nothing can be proposed.
    """

    doc_id: str
    kind: str
    start: int
    end: int
    label: str
    text: str
    proposal: str


def mend(document: Document, spans: Sequence[LooseSpan]) -> tuple[list[Span], list[Finding]]:
    """Repairs the spans of one document: trimmed, widened to whole words, the better of two that overlap.

    Returns:
        The spans that a layer may hold, in order, and what was found.
    """
    found: list[Finding] = []
    kept: list[Span] = []
    borders = sorted({border for token in tokenize(document.text) for border in token})
    for span in spans:
        kind, mended = _mended(document.text, span, borders)
        if kind:
            found.append(finding(document, kind, span, _shown(document.text, mended)))
        if mended is not None:
            kept.append(mended)
    better = sorted(kept, key=lambda s: (-(s.score or 0.0), s.start - s.end, s.key))
    taken: list[Span] = []  # in order and apart, so that only the neighbours of a place can overlap
    for candidate in better:
        at = bisect_left(taken, candidate.start, key=lambda s: s.start)
        near = (s for s in taken[max(0, at - 1) : at + 1] if s.start < candidate.end and candidate.start < s.end)
        rival = next(near, None)
        if rival is None:
            taken.insert(at, candidate)
        else:
            kind = "duplicate" if rival.key == candidate.key else "overlap"
            found.append(finding(document, kind, candidate, f"keep {_shown(document.text, rival)} alone"))
    return taken, sorted(found, key=lambda f: (f.start, f.end))


def _mended(text: str, span: LooseSpan, borders: Sequence[int]) -> tuple[str, Span | None]:
    """Returns what is wrong with a span, "" for nothing, and the span that it should be."""
    if span.start >= span.end:
        return "empty", None
    if span.start < 0 or span.end > len(text):
        return "outside the text", None
    if span.label not in CORE:
        return "unknown label", None
    trimmed = visible(text, span.start, span.end)
    if trimmed is None:
        return "white space", None
    kind = "white space" if trimmed != (span.start, span.end) else ""
    start, end = trimmed
    if any(splits_cluster(text, border) or _CUTS.match(text, border) for border in trimmed):
        kind = "misaligned"
        start = max((b for b in borders if b <= start and not splits_cluster(text, b)), default=0)
        end = min((b for b in borders if b >= end and not splits_cluster(text, b)), default=len(text))
        if visible(text, start, end) != (start, end):  # a mark that stands on white space
            return kind, None
    source = span.provenance if not kind else f"{span.provenance or 'unknown'} (repaired: {kind})"
    return kind, Span(start, end, span.label, span.score, source)


def finding(document: Document, kind: str, span: LooseSpan | Span, proposal: str) -> Finding:
    """Returns a finding with the text that its span has."""
    text = document.text[max(0, span.start) : max(0, span.end)]
    return Finding(document.id, kind, span.start, span.end, span.label, text, proposal)


def _shown(text: str, span: Span | None) -> str:
    return "" if span is None else f"{span.start}..{span.end} [{text[span.start : span.end]}]{{{span.label}}}"
