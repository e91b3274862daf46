"""Where sentences begin. Every line is split on its own, and no boundary falls inside a span."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sentencex

from gonerd.records import Span
from gonerd.text import visible

_LINE = re.compile(r"[^\n]+")


def sentence_starts(text: str, spans: Iterable[Span] = (), language: str = "en") -> list[int]:
    """Finds the first character of every sentence.

    Args:
        text: Any text; a new line always begins a sentence.
        spans: Non-overlapping spans; a boundary inside one of them is no boundary.
        language: ISO 639-1 code, for the splitter's abbreviations.

    Returns:
        Ascending offsets in code points; sentence i reaches to where i + 1 begins, less white space.
    """
    starts = []
    for line in _LINE.finditer(text):
        position = line.start()
        pieces = sentencex.segment(language, line[0])
        if sum(map(len, pieces)) != len(line[0]):  # a splitter that loses a character would shift all that follows
            pieces = [line[0]]
        for piece in pieces:
            if found := visible(text, position, position + len(piece)):
                starts.append(found[0])
            position += len(piece)
    return _outside(starts, sorted(spans, key=lambda span: span.key))


def _outside(starts: list[int], spans: list[Span]) -> list[int]:
    kept = []
    i = 0
    for start in starts:
        while i < len(spans) and spans[i].end <= start:
            i += 1
        if i == len(spans) or spans[i].start >= start:
            kept.append(start)
    return kept


def sentence_ranges(text: str, starts: list[int]) -> list[tuple[int, int]]:
    """Returns (start, end) of every sentence, without the white space around it."""
    ends = [*starts[1:], len(text)] if starts else []
    found = [visible(text, start, end) for start, end in zip(starts, ends, strict=True)]
    return [place for place in found if place is not None]
