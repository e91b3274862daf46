"""Differences between two models, task by task, with what their intervals exclude."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.report.figures import interval

from .evidence import Evidence
from .scores import TaskScores

Row = dict[str, Any]


def verdict(found: Interval) -> str:
    """Says what an interval of a difference excludes."""
    return "higher" if found.low > 0 else "lower" if found.high < 0 else "not told apart"


def points(found: Interval) -> str:
    """Writes a difference of scores or shares in points of a hundred, with its interval."""
    low, high = 100 * found.low, 100 * found.high
    return f"{100 * found.value:+.1f} (95 % {low:+.1f} to {high:+.1f}): {verdict(found)}"


def differences(evidence: Evidence, first: str, second: str) -> Iterator[Row]:
    """Yields a row a task on which both can be compared: second - first, in points."""
    for task in evidence.tasks.values():
        if task.compares(first, second):
            yield _row(task, first, second)


def _row(task: TaskScores, first: str, second: str) -> Row:
    found = task.difference(first, second)
    return {
        "task": f"`{task.name}`",
        "second less first": f"`{second}` - `{first}`",
        "points": f"{100 * found.value:+.1f}",
        "95 % interval": interval({"low": 100 * found.low, "high": 100 * found.high}, "+.1f"),
        "the second is": verdict(found),
    }


def count(rows: list[Row], what: str) -> str:
    """Says of how many comparisons the second was higher, lower or neither."""
    said = [row["the second is"] for row in rows]
    counts = ", ".join(f"{said.count(one)} {one}" for one in ("higher", "lower", "not told apart"))
    by_chance = f"{0.05 * len(rows):.1f} of as many would be told apart without any difference"
    return f"{what}: of {len(rows)} comparisons {counts}; nothing is corrected for their number, and {by_chance}."
