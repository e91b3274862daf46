"""What every page of a document repeats at its edges: running heads, running feet, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .columns import Line

_MARGIN_LINES = 2
_PAGE_NUMBER = re.compile(
    r"""(?:[Pp]age\s+|PAGE\s+|p\.\s*)? [-–—\[(]?\s* (?:\d{1,4} | (?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})) \s*[-–—\])]?
        (?:\s*(?:of|OF|/)\s*\d{1,4})?""",
    re.VERBOSE,
)
_DIGITS = re.compile(r"\d{1,9}")


def body_of(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Takes running heads, running feet and page numbers off the pages of a document.

    A line at the edge of a page is one if it stands at the same height on many pages, with the same words, or with a
    number that goes up with the pages; and if these words are not met as often inside the pages.
    """
    outer = [_outer(page) for page in pages]
    seen = Counter(
        key for number, lines in enumerate(outer) for key in {key for line in lines for key in _keys(line, number)}
    )
    met = Counter(_shape(line) for page in pages for line in page)
    often = max(2, round(0.4 * len(pages)))
    kept = []
    for number, (page, lines) in enumerate(zip(pages, outer, strict=True)):
        gone = set()
        for line in lines:
            most = max((seen[key] for key in _keys(line, number)), default=0)
            if _PAGE_NUMBER.fullmatch(line.text) or (most >= often and met[_shape(line)] <= 1.5 * most):
                gone.add(id(line))
        kept.append([line for line in page if id(line) not in gone])
    return kept


def _outer(page: Sequence[Line]) -> list[Line]:
    heights = sorted({round(line.y) for line in page})
    edges = {*heights[:_MARGIN_LINES], *heights[-_MARGIN_LINES:]}
    return [line for line in page if round(line.y) in edges]


def _keys(line: Line, page: int) -> list[tuple[str, int, int | None]]:
    height = round(line.y / 6)
    counting = [(_shape(line), height, int(number) - page) for number in _DIGITS.findall(line.text)]
    return [(line.text, height, None), *counting]


def _shape(line: Line) -> str:
    return _DIGITS.sub("#", line.text)
