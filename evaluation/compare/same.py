"""Whether results are over the same examples, without which they do not compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.results import Scored
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.scoring import Matched

from .counts import Kept


def ordered(run: Scored, like: Scored) -> Matched:
    """Returns a run's examples in the order of another's."""
    matched = run.matched
    if matched.ids == like.matched.ids:
        return matched
    place = {key: i for i, key in enumerate(matched.ids)}
    order = [place[key] for key in like.matched.ids]
    columns = (matched.ids, like.matched.documents, matched.gold, matched.predicted)
    ids, _, gold, predicted = ([column[i] for i in order] for column in columns)
    return Matched(ids, like.matched.documents, gold, predicted, matched.missing, matched.unknown)


def check_same(runs: Sequence[Scored]) -> None:
    """Refuses runs over different examples, or of different versions of the task.

    Raises:
        UsageError: They do not compare; the message names the files and the ids.
    """
    like = runs[0]
    for run in runs[1:]:
        _check_version(run.path, run.result, like.path, like.result)
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


def check_counts(runs: Sequence[Kept]) -> None:
    """Refuses counts of different documents, or of different versions of the task.

    Raises:
        UsageError: They do not compare; the message names the files.
    """
    like = runs[0]
    for run in runs[1:]:
        _check_version(run.path, run.result, like.path, like.result)
        theirs, ours = ((one.documents, one.result.counts.scored) for one in (run, like))
        if theirs != ours:
            raise UsageError(f"{like.path} and {run.path} hold different documents; evaluate both on the same")


def _check_version(path: Path, result: ScoresResult, like_path: Path, like: ScoresResult) -> None:
    theirs, ours = result.task, like.task
    if theirs.version != ours.version:
        raise UsageError(
            f"{like_path} and {path}: versions {ours.version} and {theirs.version} of task {ours.name!r} do not "
            "compare; evaluate again"
        )
