"""What is drawn on a sheet in the order in which people read it: lines, column by column.

Coordinates are in points, y upwards from the foot of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

Box = tuple[float, float, float, float]
# Share of the runs that may cross a gutter (headlines do), and the least share of them on either side of it.
_CROSSING, _SIDE, _FEWEST = 0.2, 0.2, 4
_GUTTER = 8.0
# A column's lines begin at the same place, so that only the most frequent places are looked at.
_MOST_STARTS = 40


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
