"""Lines to paragraphs: across columns and pages, with words made whole that were broken at the end of a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from .columns import Line

# A line this much further down than lines usually are begins a paragraph.
_GAP = 1.25
# Where at least this share of the lines stand apart, paragraphs are told by that and by little else.
_SPACED = 0.08
# A line that begins this far (of its height) behind the margin is indented.
_INDENT = 0.8
_ITEM = re.compile(r"(?:[•◦▪‣*–-]|\(?[0-9]{1,3}[.)]|\([a-zA-Zivx]{1,4}\)|¶\s*\d+)\s+\S")
_ENDS = re.compile(r"[.!?:;][\"'”’)\]]*$")
_BROKEN = re.compile(r"(\w+)-$")
_BULLET = re.compile(r"[•◦▪‣]\s+")
_WORD = re.compile(r"\w+(?:-\w+)*")


def paragraphs(pages: Sequence[Sequence[Line]]) -> list[str]:
    """Joins lines to paragraphs, across columns and pages as well.

    Args:
        pages: The lines of each page in reading order.
    """
    words = Counter(word.lower() for page in pages for line in page for word in _WORD.findall(line.text))
    steps = _steps(pages)
    leading = median(steps) if steps else 0.0
    spaced = sum(step > _GAP * leading for step in steps) > _SPACED * len(steps)
    found: list[str] = []
    before: Line | None = None
    for page in pages:
        first = True
        for line in page:
            if before is not None and (
                _follows(before, line, leading, spaced=spaced)
                if not first and before.column == line.column
                else _carries_over(before, line)
            ):
                found[-1] = _joined(found[-1], line.text, words)
            else:
                found.append(line.text)
            before, first = line, False
    return [_BULLET.sub("- ", one, count=1) for one in found]


def _steps(pages: Iterable[Sequence[Line]]) -> list[float]:
    return [
        above.y - below.y
        for page in pages
        for above, below in pairwise(page)
        if above.column == below.column and above.y > below.y
    ]


def _begins_anew(before: Line, line: Line) -> bool:
    return _ITEM.match(line.text) is not None or abs(before.size - line.size) > 0.1 * max(before.size, line.size)


def _follows(before: Line, line: Line, leading: float, *, spaced: bool) -> bool:
    """Whether a line goes on with the paragraph of the line above it."""
    if _begins_anew(before, line) or before.y - line.y > _GAP * leading:
        return False
    ended, room = _ENDS.search(before.text) is not None, _had_room(before, line)
    if spaced:
        return not (room and ended)
    behind = _INDENT * line.size
    indented = line.left > before.left + behind and line.left > line.margins[0] + behind
    return not (room and (ended or line.text[:1].isupper())) and not (indented and ended)


def _carries_over(before: Line, line: Line) -> bool:
    """Whether the first line of a column or page goes on with the last paragraph of the one before."""
    if _begins_anew(before, line) or _ENDS.search(before.text):
        return False
    return not (_had_room(before, line) and line.text[:1].isupper())


def _had_room(before: Line, line: Line) -> bool:
    """Whether the first word of a line would have fitted on the one before it, so that the break was meant."""
    letter = (line.right - line.left) / max(1, len(line.text))
    word = line.text.partition(" ")[0]
    return before.right + (len(word) + 1.5) * letter < before.margins[1]


def _joined(text: str, more: str, words: Counter[str]) -> str:
    match = _BROKEN.search(text)
    following = _WORD.match(more)
    if match is None or following is None or not following[0][:1].islower():
        return f"{text}{'' if text.endswith('-') and following else ' '}{more}"
    # The same word elsewhere tells whether the hyphen is the word's own.
    with_hyphen, without = f"{match[1]}-{following[0]}".lower(), f"{match[1]}{following[0]}".lower()
    own = words[with_hyphen] > words[without]
    return f"{text if own else text[:-1]}{more}"
