"""Lines on paper to running text: reading order, running heads, paragraphs, hyphens.

Coordinates are in points, y upwards from the foot of the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

Box = tuple[float, float, float, float]
# Share of the runs that may cross a gutter (headlines do), and the least share of them on either side of it.
_CROSSING, _SIDE, _FEWEST = 0.2, 0.2, 4
_GUTTER = 8.0
# A column's lines begin at the same place, so that only the most frequent places are looked at.
_MOST_STARTS = 40
# A line this much further down than lines usually are begins a paragraph.
_GAP = 1.25
# Where at least this share of the lines stand apart, paragraphs are told by that and by little else.
_SPACED = 0.08
# A line that begins this far (of its height) behind the margin is indented.
_INDENT = 0.8
_MARGIN_LINES = 2
_ITEM = re.compile(r"(?:[•◦▪‣*–-]|\(?[0-9]{1,3}[.)]|\([a-zA-Zivx]{1,4}\)|¶\s*\d+)\s+\S")
_PAGE_NUMBER = re.compile(
    r"""(?:[Pp]age\s+|PAGE\s+|p\.\s*)? [-–—\[(]?\s* (?:\d{1,4} | (?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})) \s*[-–—\])]?
        (?:\s*(?:of|OF|/)\s*\d{1,4})?""",
    re.VERBOSE,
)
_ENDS = re.compile(r"[.!?:;][\"'”’)\]]*$")
_BROKEN = re.compile(r"(\w+)-$")
_BULLET = re.compile(r"[•◦▪‣]\s+")
_DIGITS = re.compile(r"\d{1,9}")
_WORD = re.compile(r"\w+(?:-\w+)*")


@dataclass(slots=True)
class Run:
    """A stretch of text on one line.

    Attributes:
        text: Its characters.
        left: Where it begins.
        right: Where it ends.
        bottom: Its lowest point.
        top: Its highest point.
        size: Size of the font.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float

    def goes_on(self, box: Box, gap: float) -> bool:
        """Whether a character in that box continues the run."""
        left, _, bottom, top = box
        level = min(top, self.top) - max(bottom, self.bottom) > -0.3 * self.size
        return level and -self.size < left - self.right < gap

    def add(self, character: str, box: Box) -> None:
        """Adds a character."""
        self.text += character
        self.right = max(self.right, box[1])
        self.bottom, self.top = min(self.bottom, box[2]), max(self.top, box[3])

    @property
    def middle(self) -> float:
        """Height of its middle."""
        return (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a column.

    Attributes:
        text: Its text.
        left: Where it begins.
        right: Where it ends.
        y: Height of its middle.
        size: Size of its font.
        column: Number of its column on the page.
        margins: Where the column's lines begin and end.
    """

    text: str
    left: float
    right: float
    y: float
    size: float
    column: int
    margins: tuple[float, float]


def in_reading_order(runs: Sequence[Run]) -> list[Line]:
    """Returns the lines of a page, column by column; what lies across the columns parts them."""
    lines: list[Line] = []
    for number, column in enumerate(_columns(list(runs))):
        margins = (min(run.left for run in column), max(run.right for run in column))
        lines += [_line(row, number, margins) for row in _rows(column)]
    return lines


def _columns(runs: list[Run]) -> Iterator[list[Run]]:
    if not runs:
        return
    gutter = _gutter(runs)
    if gutter is None:
        yield runs
        return
    band: list[Run] = []
    for run in sorted(runs, key=lambda run: -run.middle):
        if run.left < gutter < run.right:
            yield from _sides(band, gutter)
            band = []
            yield [run]
        else:
            band.append(run)
    yield from _sides(band, gutter)


def _sides(band: list[Run], gutter: float) -> Iterator[list[Run]]:
    yield from _columns([run for run in band if run.right <= gutter])
    yield from _columns([run for run in band if run.left >= gutter])


def _gutter(runs: Sequence[Run]) -> float | None:
    """Returns where a page is parted into columns, None where it is not."""
    if len(runs) < 2 * _FEWEST:
        return None
    best: tuple[int, float, float] | None = None
    for start, _ in Counter(round(run.left) for run in runs).most_common(_MOST_STARTS):
        x = start - _GUTTER / 2
        before = [run for run in runs if run.right <= start - _GUTTER]
        after = [run for run in runs if run.left >= start - 1]
        crossing = len(runs) - len(before) - len(after)
        enough = max(_FEWEST, _SIDE * len(runs))
        if len(before) < enough or len(after) < enough or crossing > _CROSSING * len(runs):
            continue
        if not _side_by_side(before, after):
            continue
        rank = (crossing, -min(len(before), len(after)), x)
        best = min(best, rank) if best else rank
    return best[2] if best else None


def _side_by_side(before: Sequence[Run], after: Sequence[Run]) -> bool:
    """Whether both sides are text and not the cells of a table: their lines are about equally long."""
    shared = min(max(r.top for r in before), max(r.top for r in after)) - max(
        min(r.bottom for r in before), min(r.bottom for r in after)
    )
    widths = [median(run.right - run.left for run in side) for side in (before, after)]
    return shared > 0 and min(widths) > 0.4 * max(widths)


def _rows(runs: Iterable[Run]) -> Iterator[list[Run]]:
    row: list[Run] = []
    for run in sorted(runs, key=lambda run: (-run.middle, run.left)):
        if row and abs(row[0].middle - run.middle) > 0.5 * max(row[0].size, run.size):
            yield sorted(row, key=lambda one: one.left)
            row = []
        row.append(run)
    if row:
        yield sorted(row, key=lambda one: one.left)


def _line(row: Sequence[Run], column: int, margins: tuple[float, float]) -> Line:
    text = " ".join(" ".join(run.text for run in row).split())
    size = max(row, key=lambda run: len(run.text)).size
    return Line(text, row[0].left, max(run.right for run in row), row[0].middle, size, column, margins)


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
