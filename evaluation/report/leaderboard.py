"""A leaderboard over many results: scores by task, their mean, and what a pass costs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import unknown_name
from gonerd.evaluation.compare.kept import spread
from gonerd.evaluation.schema import Cell

from .collect import Collection, collect
from .runs import Column
from .times import Condition, condition, of_system


@dataclass(frozen=True)
class Standing:
    """A system on the leaderboard.

    Attributes:
        system: Its name.
        rank: From 1; None where a task is missing.
        mean: Mean of its scores.
        scores: What `gonerd.evaluation.compare.kept.spread` says of each task's seeds.
        facts: Parameters, layers and attention, None where they are not known.
        cell: What a pass costs; None where it was not measured.
    """

    system: str
    rank: int | None
    mean: float
    scores: dict[Column, dict[str, Any]]
    facts: dict[str, Any]
    cell: Cell | None


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes:
        standings: The systems, the best first.
        columns: The tasks, with their titles.
        place: Length, batch size and conditions of the times; None where nothing was measured.
    """

    standings: list[Standing]
    columns: dict[Column, str]
    place: tuple[int, int, Condition] | None


def leaderboard(paths: Sequence[Path], tasks: Sequence[str] = ()) -> Board:
    """Ranks every system that was scored.

    Args:
        paths: Result files, and folders of them.
        tasks: Names of the tasks that count; every one that was scored when empty.

    Raises:
        UsageError: Nothing was scored on a task.
        GonerdError: There are no scores, or a file is malformed.
    """
    found = collect(paths)
    known = {column.task for column in found.columns}
    for name in tasks:
        if name not in known:
            raise unknown_name("task among these results", name, known)
    columns = {column: title for column, title in found.columns.items() if not tasks or column.task in tasks}
    place = _place(found)
    standings = [_standing(found, system, columns, place) for system in found.runs]
    standings = [standing for standing in standings if standing.scores]
    standings.sort(key=lambda one: (-len(one.scores), -one.mean))
    whole = sum(len(one.scores) == len(columns) for one in standings)
    ranked = [
        Standing(one.system, number if number <= whole else None, one.mean, one.scores, one.facts, one.cell)
        for number, one in enumerate(standings, start=1)
    ]
    return Board(ranked, columns, place)


def _place(found: Collection) -> tuple[int, int, Condition] | None:
    """Returns where most systems were timed; of several such places the one with the most tokens."""
    held: dict[tuple[int, int, Condition], int] = {}
    for system in found.runs:
        for key in {(c.length, c.batch, condition(c)) for c in of_system(found.cells, system)}:
            held[key] = held.get(key, 0) + 1
    return max(held, key=lambda key: (held[key], key[0] * key[1], key), default=None)


def _standing(found: Collection, system: str, columns: Mapping[Column, str], place: Any) -> Standing:
    runs = found.runs[system]
    scores = {c: spread([run.result.score for run in runs[c]]) for c in columns if c in runs}
    models = [run.result.model for held in runs.values() for run in held]
    facts = {
        name: next((value for model in models if (value := getattr(model, name)) is not None), None)
        for name in ("parameters", "layers", "attention")
    }
    cells = {(c.length, c.batch, condition(c)): c for c in of_system(found.cells, system)}
    mean = statistics.fmean(row["mean"] for row in scores.values()) if scores else 0.0
    return Standing(system, None, mean, scores, facts, cells.get(place))
