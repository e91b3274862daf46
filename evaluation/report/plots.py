"""Plots as geometry, which the template draws as SVG: no script, no inline style, colours of the page's own sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440, 280
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 12, 44
COLOURS = 8  # classes c0 to c7 of the style sheet
Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """A named line, or a named point.

    Attributes:
        name: For the legend.
        points: (x, y) in the units of the axes.
        dashed: Whether it is a baseline, drawn with dashes.
    """

    name: str
    points: tuple[Point, ...]
    dashed: bool = False


@dataclass(frozen=True)
class Drawn:
    """A series in the coordinates of the drawing.

    Attributes:
        name: For the legend.
        number: Its number, written at its last point and in the legend.
        colour: Class of its colour.
        dashed: Whether it is drawn with dashes.
        points: (x, y) in pixels of the view box.
        path: The same as an SVG path.
    """

    name: str
    number: int
    colour: str
    dashed: bool
    points: list[Point]
    path: str


@dataclass(frozen=True)
class Plot:
    """A plot, ready to be drawn.

    Attributes:
        title: Caption.
        x_label: Name and unit of the horizontal axis.
        y_label: Name and unit of the vertical axis.
        x_ticks: (pixel, text) along the horizontal axis.
        y_ticks: (pixel, text) along the vertical axis.
        series: What is drawn.
        arrows: Pairs of series, from teacher to student, by their numbers.
    """

    title: str
    x_label: str
    y_label: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    series: list[Drawn]
    arrows: list[tuple[Point, Point]]


def plot(
    title: str,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    *,
    by_doubling: bool = False,
    zoom: bool = False,
    arrows: Sequence[tuple[str, str]] = (),
) -> Plot:
    """Lays out a plot.

    Args:
        title: Caption.
        x_label: Name and unit of the horizontal axis.
        y_label: Name and unit of the vertical axis.
        series: At least one, each of at least one point.
        by_doubling: Whether equal steps to the right double x, with a tick at every value; else x begins at 0.
        zoom: Whether y begins near its smallest value rather than at 0.
        arrows: Pairs of names whose first points are joined, teacher and student.
    """
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    x_values = sorted(set(xs)) if by_doubling else ticks(0, max(xs))
    y_values = ticks(min(ys) if zoom else 0, max(ys))

    def x_at(value: float) -> float:
        here = math.log2 if by_doubling else float
        low, high = here(x_values[0]), here(x_values[-1])
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ((here(value) - low) / (high - low) if high > low else 0.5), 1)

    def y_at(value: float) -> float:
        low, high = y_values[0], y_values[-1]
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low)), 1)

    drawn = []
    for number, one in enumerate(series):
        points = [(x_at(x), y_at(y)) for x, y in one.points]
        path = "M" + " L".join(f"{x} {y}" for x, y in points)
        drawn.append(Drawn(one.name, number + 1, f"c{number % COLOURS}", one.dashed, points, path))
    first = {one.name: one.points[0] for one in drawn}
    joined = [(first[a], first[b]) for a, b in arrows if a in first and b in first]
    x_ticks = list(zip(map(x_at, x_values), written(x_values), strict=True))
    y_ticks = list(zip(map(y_at, y_values), written(y_values), strict=True))
    return Plot(title, x_label, y_label, x_ticks, y_ticks, drawn, joined)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Returns round values, steps of 1, 2 or 5 times a power of ten, that enclose a range."""
    if high <= low:
        low, high = (low - abs(low) / 10, high + abs(high) / 10) if high else (0.0, 1.0)
    rough = (high - low) / (most - 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def written(values: Sequence[float]) -> list[str]:
    """Writes the values of an axis, all with as many decimals as the finest needs."""
    decimals = max(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values)
    return [f"{value:,.{decimals}f}" for value in values]
