"""Surfaces that bear several labels in a document, or are marked here and not there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import regex

from gonerd.records import Document, Span

from .findings import Finding, LooseSpan, finding

_SHORTEST = 3  # characters of a surface whose unmarked occurrences are looked for


def inconsistencies(document: Document, spans: Sequence[Span]) -> Iterator[Finding]:
    """Finds surfaces that bear several labels in a document, or are marked here and not there.

    Both may be right, since a word may mean a person here and a place there; so nothing is repaired.
    """
    text = document.text
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for span in spans:
        labels[text[span.start : span.end]][span.label] += 1
    for span in spans:
        counts = labels[text[span.start : span.end]]
        usual, most = counts.most_common(1)[0]
        if len(counts) > 1 and counts[span.label] < most:
            yield finding(document, "inconsistent label", span, f"{usual}, as {most} others of {counts.total()}")
    yield from _unmarked(document, spans, labels)


def _unmarked(document: Document, spans: Sequence[Span], labels: dict[str, Counter[str]]) -> Iterator[Finding]:
    surfaces = [surface for surface in labels if len(surface) >= _SHORTEST]
    if not surfaces:
        return
    longest_first = sorted(surfaces, key=len, reverse=True)
    pattern = regex.compile(r"(?<!\w)\L<surfaces>(?!\w)", surfaces=longest_first)
    marked = iter(spans)
    span = next(marked, None)
    for match in pattern.finditer(document.text):
        while span is not None and span.end <= match.start():
            span = next(marked, None)
        if span is None or span.start >= match.end():
            usual, most = labels[match[0]].most_common(1)[0]
            here = LooseSpan(*match.span(), "")
            yield finding(document, "unmarked", here, f"{usual}, as {most} others of {labels[match[0]].total()}")
