"""Comparing two systems, on every task that both were scored on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gonerd.errors import UsageError

from .kept import averages, saved
from .pairs import MARGIN, CompareSettings, compare_runs
from .side import named, read_side

__all__ = ["MARGIN", "CompareSettings", "compare"]


def compare(first: Path, second: Path, settings: CompareSettings | None = None) -> dict[str, Any]:
    """Compares two systems on every task that both were scored on.

    Args:
        first: What `gonerd.evaluation.compare.side.read_side` takes: the teacher.
        second: Likewise, the student.
        settings: How to compare.

    Returns:
        "pairs" (one a task and split: scores, what was kept, intervals, tests, flips), "averages" over the tasks of
        each group, "efficiency" (time and memory saved) where times lie in the folders, and the settings.

    Raises:
        UsageError: The two have no task in common, or hold different examples.
        GonerdError: A file cannot be read.
    """
    settings = settings or CompareSettings()
    one, two = read_side(first), read_side(second)
    shared = [key for key in one.scores if key in two.scores]
    if not shared:
        raise UsageError(
            f"{first} holds {one.held}, {second} {two.held}: no task and split in common; score both on one"
        )
    compared = [compare_runs(one.scores[key], two.scores[key], settings) for key in shared]
    pairs = [pair.numbers for pair in compared]
    cells = [*one.cells, *two.cells]
    times = [[cell for cell in cells if cell.model in side.models] for side in (one, two)]
    return {
        "kind": "comparison",
        "first": one.models,
        "second": two.models,
        "settings": asdict(settings),
        "pairs": pairs,
        "averages": averages(pairs, [pair.draws for pair in compared]),
        "efficiency": saved(*times) if one.models != two.models else None,
        "unpaired": sorted(map(named, one.scores.keys() ^ two.scores.keys())),
    }
