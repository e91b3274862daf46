"""Teachers and their students: who is compared with whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.evaluation.compare.counts import read_kept
from gonerd.evaluation.compare.kept import averages, spread
from gonerd.evaluation.compare.pairs import CompareSettings, Pair, compare_counts, compare_runs
from gonerd.evaluation.compare.same import check_counts, check_same
from gonerd.evaluation.compare.side import without_seed
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.results import Scored, read_scored
from gonerd.evaluation.tasks import TASKS
from gonerd.progress import track

from .collect import Collection
from .runs import Column, Run


@dataclass(frozen=True)
class Compared:
    """A student beside its teacher.

    Attributes:
        teacher: Name of the one.
        student: Name of the other.
        tasks: What `gonerd.evaluation.compare.pairs.compare_runs` says of each column that both were scored on.
        missing: Of the other columns, why they do not compare; of those compared by their scores alone, why.
        averages: What was kept on average, by group and over "all"; empty where nothing compares.
        scored: Predictions of both in each column that compares, for the error browser.
    """

    teacher: str
    student: str
    tasks: dict[Column, dict[str, Any]] = field(default_factory=dict)
    missing: dict[Column, str] = field(default_factory=dict)
    averages: dict[str, dict[str, Any]] = field(default_factory=dict)
    scored: dict[Column, tuple[Scored, Scored]] = field(default_factory=dict)


def choose_pairs(found: Collection, teacher: str | None, pairs: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Chooses who is compared with whom.

    Args:
        found: The results.
        teacher: The one that everybody is compared with; the one with the most parameters when None.
        pairs: TEACHER=STUDENT, each once; then nobody else is compared.

    Raises:
        UsageError: A name is unknown, or no pair is written as it should be.
    """
    if pairs:
        return [_pair(found, text) for text in pairs]
    first = _known(found, "teacher", teacher) if teacher else max(found.runs, key=found.parameters)
    return [(first, name) for name in found.runs if name != first]


def _pair(found: Collection, text: str) -> tuple[str, str]:
    teacher, equals, student = text.partition("=")
    if not equals:
        raise UsageError(f"--pair {text!r}: write TEACHER=STUDENT")
    return _known(found, "teacher", teacher), _known(found, "student", student)


def _known(found: Collection, what: str, name: str) -> str:
    if name not in found.runs and without_seed(name) in found.runs:
        return without_seed(name)
    if name not in found.runs:
        raise unknown_name(what, name, found.runs)
    return name


def compare_all(found: Collection, pairs: Sequence[tuple[str, str]], settings: CompareSettings) -> list[Compared]:
    """Compares every pair in every column; what cannot be compared has its reason."""
    read: dict[Path, Scored] = {}
    compared = []
    for teacher, student in track(list(pairs), "compare"):
        entry = Compared(teacher, student)
        draws: list[tuple[Counts, Counts]] = []
        for column in found.columns:
            sides = [found.runs[name].get(column, []) for name in (teacher, student)]
            if not sides[0] or not sides[1]:
                who = "student" if sides[0] else "teacher"
                entry.missing[column] = f"the {who} was not scored on these examples"
                continue
            try:
                pair = _compare(entry, column, sides, read, settings)
            except GonerdError as error:
                entry.missing[column] = str(error)
                continue
            entry.tasks[column] = pair.numbers if pair else _scores_alone(column, *sides)
            draws += [pair.draws] if pair else []
        whole = len(draws) == len(entry.tasks)  # an interval over some of the tasks would pass for one over all
        entry.averages.update(averages(list(entry.tasks.values()), draws if whole else None))
        compared.append(entry)
    return compared


def _compare(
    entry: Compared, column: Column, sides: Sequence[Sequence[Run]], read: dict[Path, Scored], settings: CompareSettings
) -> Pair | None:
    """Compares one column, by counts where predictions are not there.

    It is None, with the reason noted, where there is nothing to draw samples from.

    Raises:
        GonerdError: The two were not scored on the same examples.
    """
    try:
        first, second = ([_read(run, read) for run in side] for side in sides)
    except GonerdError as error:
        try:
            ours, theirs = ([read_kept(run.path) for run in side] for side in sides)
        except GonerdError:
            entry.missing[column] = str(error)
            return None
        check_counts([*ours, *theirs])
        if lost := _lost([run for side in sides for run in side], read):
            entry.missing[column] = f"from counts by document, because {lost}"
        compare = partial(compare_counts, ours, theirs, settings)
    else:
        check_same([*first, *second])
        entry.scored[column] = (first[0], second[0])
        compare = partial(compare_runs, first, second, settings)
    try:
        return compare()
    except GonerdError as error:
        entry.missing[column] = str(error)
        return None


def _lost(runs: Sequence[Run], read: dict[Path, Scored]) -> str | None:
    """Says what is wrong with predictions that a result names; None where nothing is."""
    for run in runs:
        try:
            _ = run.result.predictions and _read(run, read)
        except GonerdError as error:
            return str(error)
    return None


def _scores_alone(column: Column, first: Sequence[Run], second: Sequence[Run]) -> dict[str, Any]:
    """What is known of two systems on one column without their predictions: scores, without interval or test."""
    sides = [spread([run.result.score for run in side]) for side in (first, second)]
    names = ("intervals", "randomisation_p", "equivalence", "flips")
    group = TASKS.get(column.task).group
    return {"task": column.task, "group": group, "first": sides[0], "second": sides[1], **dict.fromkeys(names)}


def _read(run: Run, read: dict[Path, Scored]) -> Scored:
    """Reads predictions once, however many are compared with them."""
    if run.path not in read:
        read[run.path] = read_scored(run.path)
    return read[run.path]
