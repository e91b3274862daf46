"""Comparing two systems, on every task that both were scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.results import Scored
from gonerd.evaluation.scoring import Matched
from gonerd.evaluation.tasks import TASKS, Task

from .equivalence import tost
from .flips import flips
from .kept import averages, saved, spread
from .resampling import bootstrap, randomisation
from .side import named, read_side
from .statistic import counted

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
    pairs = [_pair(one.scores[key], two.scores[key], settings) for key in shared]
    cells = [*one.cells, *two.cells]
    times = [[cell for cell in cells if cell.model in side.models] for side in (one, two)]
    return {
        "kind": "comparison",
        "first": one.models,
        "second": two.models,
        "settings": asdict(settings),
        "pairs": pairs,
        "averages": averages(pairs),
        "efficiency": saved(*times) if one.models != two.models else None,
        "unpaired": sorted(map(named, one.scores.keys() ^ two.scores.keys())),
    }


def _pair(first: Sequence[Scored], second: Sequence[Scored], settings: CompareSettings) -> dict[str, Any]:
    task = TASKS.get(first[0].result.task.name)
    _check_same([*first, *second])
    sides = [[counted(task, _ordered(run, first[0])) for run in runs] for runs in (first, second)]
    statistic = sides[0][0][0]
    # Over seeds, the mean of a document's counts stands for the document.
    a, b = (np.mean([counts for _, counts in side], axis=0) for side in sides)
    drawn = bootstrap(a, b, statistic, resamples=settings.resamples, seed=settings.seed)
    p = randomisation(a, b, statistic, resamples=5 * settings.resamples, seed=settings.seed)
    return {
        "task": first[0].result.task.title,
        "split": first[0].result.task.split,
        "group": task.group,
        "documents": len(a),
        "examples": len(first[0].matched.ids),
        "first": spread([run.result.score for run in first]),
        "second": spread([run.result.score for run in second]),
        "intervals": {
            "first": drawn.first.as_dict(),
            "second": drawn.second.as_dict(),
            "difference": drawn.difference.as_dict(),
            "kept": drawn.kept.as_dict() if drawn.kept else None,
        },
        "randomisation_p": p,
        "equivalence": tost(drawn.difference.value, drawn.error, len(a) - 1, settings.margin).as_dict(),
        "flips": _flips(task, first, second),
    }


def _flips(task: Task, first: Sequence[Scored], second: Sequence[Scored]) -> dict[str, Any] | None:
    """Lists the flips of one run against one; over several seeds, those of the first of each."""
    found = flips(task, first[0].matched, _ordered(second[0], first[0]))
    if found is None:
        return None
    sides = {"gained": found.gained, "lost": found.lost}
    rows = {name: [{"id": key, "what": what} for key, what in side] for name, side in sides.items()}
    return {"both_right": found.both, **rows}


def _ordered(run: Scored, like: Scored) -> Matched:
    """Returns a run's examples in the order of another's."""
    matched = run.matched
    if matched.ids == like.matched.ids:
        return matched
    place = {key: i for i, key in enumerate(matched.ids)}
    order = [place[key] for key in like.matched.ids]
    columns = (matched.ids, like.matched.documents, matched.gold, matched.predicted)
    ids, _, gold, predicted = ([column[i] for i in order] for column in columns)
    return Matched(ids, like.matched.documents, gold, predicted, matched.missing, matched.unknown)


def _check_same(runs: Sequence[Scored]) -> None:
    """Refuses runs over different examples, or of different versions of the task.

    Raises:
        UsageError: They do not compare; the message names the files and the ids.
    """
    like = runs[0]
    for run in runs[1:]:
        theirs, ours = run.result, like.result
        if theirs.task.version != ours.task.version:
            raise UsageError(
                f"{like.path} and {run.path}: versions {ours.task.version} and {theirs.task.version} of task "
                f"{ours.task.name!r} do not compare; evaluate again"
            )
        differing = set(run.matched.ids) ^ set(like.matched.ids)
        if differing:
            some = ", ".join(map(repr, sorted(differing)[:5]))
            raise UsageError(
                f"{like.path} and {run.path} hold different examples ({len(differing)} ids in one alone, {some}); "
                "evaluate both on the same"
            )
        gold = dict(zip(run.matched.ids, run.matched.gold, strict=True))
        for key, wanted in zip(like.matched.ids, like.matched.gold, strict=True):
            if gold[key] != wanted:
                raise GonerdError(
                    f"{like.path} and {run.path}: the gold answers of {key!r} differ; evaluate both on the same"
                )
