"""Comparing two systems: files of one result each, or folders with tasks and seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.results import Scored, read_scored
from gonerd.evaluation.schema import Cell, EfficiencyResult, read_result
from gonerd.evaluation.scoring import Matched
from gonerd.evaluation.tasks import TASKS, Task
from gonerd.evaluation.validate import files_of

from .equivalence import tost
from .flips import flips
from .kept import averages, saved, spread
from .resampling import bootstrap, randomisation
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
        first: A result file, or a folder of them: the teacher. Files of one task and split in a folder are seeds.
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
    sides = [_read(path) for path in (first, second)]
    shared = [key for key in sides[0][0] if key in sides[1][0]]
    if not shared:
        held = [", ".join("/".join(map(str, key)) for key in scores) or "none" for scores, _ in sides]
        raise UsageError(f"{first} holds {held[0]}, {second} {held[1]}: no task and split in common; score both on one")
    pairs = [_pair(sides[0][0][key], sides[1][0][key], settings) for key in shared]
    names = [{run.result.model.name for key in shared for run in scores[key]} for scores, _ in sides]
    cells = [cell for _, timed in sides for cell in timed]
    times = [[cell for cell in cells if cell.model in chosen] for chosen in names]
    return {
        "first": sorted(names[0]),
        "second": sorted(names[1]),
        "settings": {"margin": settings.margin, "resamples": settings.resamples, "seed": settings.seed},
        "pairs": pairs,
        "averages": averages(pairs),
        "efficiency": saved(*times) if names[0] != names[1] else None,
        "unpaired": sorted({"/".join(map(str, key)) for scores, _ in sides for key in scores if key not in shared}),
    }


def _read(path: Path) -> tuple[dict[tuple[str, str | None], list[Scored]], list[Cell]]:
    scores: dict[tuple[str, str | None], list[Scored]] = defaultdict(list)
    cells: list[Cell] = []
    for file in files_of([path]):
        result = read_result(file)
        if isinstance(result, EfficiencyResult):
            cells += result.cells
        else:
            scores[result.task.name, result.task.split].append(read_scored(file))
    return dict(scores), cells


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
        "task": task.name,
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
