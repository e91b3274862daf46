"""Plots as inline SVG, so that a report is one file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

_SIZE = (5.6, 3.2)


def bars(values: Mapping[str, float]) -> str:
    """Draws one horizontal bar a name, on a scale of 0 to 1, and returns the SVG element."""
    figure, axes = _axes()
    names = list(values)
    drawn = axes.barh(
        [_plain(name) for name in names],
        [values[name] for name in names],
        color=[f"C{i % 10}" for i in range(len(names))],
    )
    axes.bar_label(drawn, fmt="%.3f", padding=3)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    return _svg(figure)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str) -> str:
    """Draws one line a name through its (x, y) points, both axes from 0, and returns the SVG element."""
    figure, axes = _axes()
    for name, points in series.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=_plain(name))
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend()
    return _svg(figure)


def _plain(name: str) -> str:
    """Keeps a dollar sign in a model's name from starting a formula."""
    return name.replace("$", r"\$")


def _axes() -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    # Not pyplot: no global state, no display, no window left open.
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    return figure, axes


def _svg(figure: Any) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
