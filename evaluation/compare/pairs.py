"""Two systems on one task: scores, intervals, tests and flips, always over the same examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gonerd.errors import UsageError
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.results import Scored
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.tasks import TASKS, Task

from .counts import Kept
from .equivalence import tost
from .flips import flips
from .kept import spread
from .resampling import bootstrap, randomisation
from .same import check_same, check_version, ordered
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
    sides = [[counted(task, ordered(run, first[0])) for run in runs] for runs in (first, second)]
    counts = [[found for _, found in side] for side in sides]
    told = {"examples": len(first[0].matched.ids), "flips": _flips(task, first, second)}
    return _compared(sides[0][0][0], counts, [[run.result for run in runs] for runs in (first, second)], told, settings)


def compare_counts(first: Sequence[Kept], second: Sequence[Kept], settings: CompareSettings) -> Pair:
    """Compares two systems on one task by their counts alone, which say nothing of flips.

    Args:
        first: Results of one system; several are seeds.
        second: Results of the other.
        settings: How to compare.

    Raises:
        UsageError: They hold different documents, or different versions of the task.
    """
    like = first[0]
    for run in [*first[1:], *second]:
        check_version(run.path, run.result, like.path, like.result)
        theirs, ours = ((one.documents, one.result.counts.scored) for one in (run, like))
        if theirs != ours:
            raise UsageError(f"{like.path} and {run.path} hold different documents; evaluate both on the same")
    counts = [[run.counts for run in runs] for runs in (first, second)]
    told = {"examples": like.result.counts.scored, "flips": None}
    return _compared(like.statistic, counts, [[run.result for run in runs] for runs in (first, second)], told, settings)


def _compared(
    statistic: Statistic,
    counts: Sequence[Sequence[Counts]],
    results: Sequence[Sequence[ScoresResult]],
    told: Mapping[str, Any],
    settings: CompareSettings,
) -> Pair:
    """Draws documents; over seeds, the mean of a document's counts stands for the document."""
    a, b = (np.mean(side, axis=0) for side in counts)
    drawn = bootstrap(a, b, statistic, resamples=settings.resamples, seed=settings.seed)
    p = randomisation(a, b, statistic, resamples=5 * settings.resamples, seed=settings.seed)
    like = results[0][0]
    first, second = (spread([result.score for result in side]) for side in results)
    numbers = {
        "task": like.task.title,
        "split": like.task.split,
        "group": TASKS.get(like.task.name).group,
        "documents": len(a),
        "examples": told["examples"],
        "first": first,
        "second": second,
        "intervals": {
            "first": drawn.first.as_dict(),
            "second": drawn.second.as_dict(),
            "difference": drawn.difference.as_dict(),
            "kept": drawn.kept.as_dict() if drawn.kept else None,
        },
        "randomisation_p": p,
        "equivalence": tost(drawn.difference.value, drawn.error, len(a) - 1, settings.margin).as_dict(),
        "flips": told["flips"],
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
