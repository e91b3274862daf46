"""Two systems on one task: scores, intervals, tests and flips, always over the same examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.results import Scored
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.tasks import TASKS, Task

from .counts import Kept
from .equivalence import tost
from .flips import flips
from .kept import spread
from .resampling import bootstrap, randomisation
from .same import check_counts, check_same, ordered
from .statistic import Statistic, counted

MARGIN = 0.01


@dataclass(frozen=True)
class CompareSettings:
    """How to compare.

    Attributes:
        margin: Largest difference of scores that does not matter, 0 to 1.
        resamples: Samples of the bootstrap, and five times as many swaps.
        seed: Seed of both.
    """

    margin: float = MARGIN
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Pair:
    """Two systems on one task.

    Attributes:
        numbers: Scores, what was kept, intervals, tests and flips, for a result file.
        draws: Scores of both in each sample of the bootstrap [resamples].
    """

    numbers: dict[str, Any]
    draws: tuple[Counts, Counts]


def compare_runs(first: Sequence[Scored], second: Sequence[Scored], settings: CompareSettings) -> Pair:
    """Compares two systems on one task.

    Args:
        first: Results of one system; several are seeds.
        second: Results of the other.
        settings: How to compare.

    Raises:
        UsageError: They hold different examples, or different versions of the task.
        GonerdError: Their gold answers differ.
    """
    task = TASKS.get(first[0].result.task.name)
    check_same([*first, *second])
    sides = [
        [(run.result, *counted(task, ordered(run, first[0]))) for run in runs]  # result, statistic, counts
        for runs in (first, second)
    ]
    pair = _compared(sides[0][0][1], [[(result, counts) for result, _, counts in side] for side in sides], settings)
    told = {"examples": len(first[0].matched.ids), "flips": _flips(task, first, second)}
    return Pair(pair.numbers | told, pair.draws)


def compare_counts(first: Sequence[Kept], second: Sequence[Kept], settings: CompareSettings) -> Pair:
    """Compares two systems on one task by their counts alone, which say nothing of flips.

    Args:
        first: Results of one system; several are seeds.
        second: Results of the other.
        settings: How to compare.

    Raises:
        UsageError: They hold different documents, or different versions of the task.
    """
    check_counts([*first, *second])
    sides = [[(run.result, run.counts) for run in runs] for runs in (first, second)]
    return _compared(first[0].statistic, sides, settings)


def _compared(
    statistic: Statistic, sides: Sequence[Sequence[tuple[ScoresResult, Counts]]], settings: CompareSettings
) -> Pair:
    """Draws documents and seeds; the test swaps documents, for which the mean of their counts over seeds stands."""
    a, b = (np.array([counts for _, counts in side]) for side in sides)
    drawn = bootstrap(a, b, statistic, resamples=settings.resamples, seed=settings.seed)
    p = randomisation(a.mean(0), b.mean(0), statistic, resamples=5 * settings.resamples, seed=settings.seed)
    like = sides[0][0][0]
    first, second = (spread([result.score for result, _ in side]) for side in sides)
    numbers = {
        "task": like.task.title,
        "split": like.task.split,
        "group": TASKS.get(like.task.name).group,
        "documents": a.shape[1],
        "examples": like.counts.scored,
        "first": first,
        "second": second,
        "intervals": {
            "first": drawn.first.as_dict(),
            "second": drawn.second.as_dict(),
            "difference": drawn.difference.as_dict(),
            "kept": drawn.kept.as_dict() if drawn.kept else None,
        },
        "randomisation_p": p,
        "equivalence": tost(drawn.difference.value, drawn.error, a.shape[1] - 1, settings.margin).as_dict(),
        "flips": None,
    }
    return Pair(numbers, drawn.draws)


def _flips(task: Task, first: Sequence[Scored], second: Sequence[Scored]) -> dict[str, Any] | None:
    """Lists the flips of one run against one; over several seeds, those of the first of each."""
    found = flips(task, first[0].matched, ordered(second[0], first[0]))
    if found is None:
        return None
    sides = {"gained": found.gained, "lost": found.lost}
    rows = {name: [{"id": key, "what": what} for key, what in side] for name, side in sides.items()}
    return {"both_right": found.both, **rows}
