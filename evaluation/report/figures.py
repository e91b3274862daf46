"""How numbers are written: the same on the page and in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NONE = "–"


def share(value: float | None) -> str:
    """Writes a share in percent."""
    return NONE if value is None else f"{value:.1%}"


def score(value: float) -> str:
    """Writes a score between 0 and 1."""
    return f"{value:.3f}"


def seeds(spread: Mapping[str, Any]) -> str:
    """Writes what `gonerd.evaluation.compare.kept.spread` returns: mean ± deviation over seeds."""
    if spread["deviation"] is None:
        return score(spread["mean"])
    return f"{score(spread['mean'])} ± {score(spread['deviation'])} ({spread['seeds']} seeds)"


def interval(row: Mapping[str, float] | None, form: str = ".1%") -> str:
    """Writes the ends of an interval."""
    return "" if row is None else f"{row['low']:{form}} to {row['high']:{form}}"


def with_interval(value: float | None, row: Mapping[str, float] | None) -> str:
    """Writes a share with its interval."""
    return share(value) + (f" ({interval(row)})" if row and value is not None else "")


def number(value: Any) -> Any:
    """Writes a number of a metric: counts stay whole, the rest has four significant digits."""
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def milliseconds(seconds: float) -> str:
    """Writes seconds as milliseconds."""
    value = seconds * 1e3
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def size(count: int) -> str:
    """Writes a number of parameters or bytes: 82.1 M, 1.2 G."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= unit:
            return f"{count / unit:.1f}{name}"
    return str(count)
