"""Which cells get further seeds: those behind the share kept that seeds leave most uncertain."""

from __future__ import annotations

import math
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .cell import Cell
from .cells import state_of
from .evidence import read_evidence
from .places import Folders
from .scores import TaskScores
from .systems import every_seed, systems_of
from .work import DONE

if TYPE_CHECKING:
    from .config import Replicate


def further(config: Replicate, folders: Folders, tried: Collection[str] = ()) -> list[Cell]:
    """Returns the next cells: a student and its teacher on a task, with their next seed, those not done yet.

    Args:
        config: The configuration; its `deepen` says how many seeds at most, and of which students.
        folders: Where everything lies.
        tried: Names of work that is not tried again.

    Returns:
        One or two cells; none where all have their seeds.
    """
    told = config.deepen
    if told is None:
        return []
    tasks = read_evidence(config.results, config.tasks, config.models_by_seed).tasks.values()
    wide: list[tuple[tuple[float, float], list[Cell]]] = []
    for system in systems_of(config):
        if system.teacher is None or (told.models and not any(fnmatchcase(system.name, one) for one in told.models)):
            continue
        for scores in tasks:
            if not scores.compares(system.teacher, system.name) or scores.value(system.teacher) <= 0:
                continue
            cells = _next(config, folders, [system.teacher, system.name], scores.name, told.most_seeds)
            cells = [cell for cell in cells if f"cell/{cell.name}" not in tried]
            if cells:
                wide.append((_uncertain(scores, system.teacher, system.name), cells))
    return max(wide, key=lambda one: one[0])[1] if wide else []


def _uncertain(scores: TaskScores, teacher: str, student: str) -> tuple[float, float]:
    """Returns the part of the error of a share kept that further seeds lessen, and the width of all of it.

    The first is that of a ratio (delta method); nobody knows it of a single seed, so those come first, the widest
    before the others. Documents are all there are, so they do not count beside it.
    """
    found = scores.difference(teacher, student)
    seeds = scores.shared(teacher, student)
    first, second = scores.value(teacher, seeds), scores.value(student, seeds)
    a, b = scores.error_of_seeds(teacher), scores.error_of_seeds(student)
    of_seeds = math.inf if a is None or b is None else math.hypot(b / first, a * second / first**2)
    return of_seeds, (found.high - found.low) / first


def _next(config: Replicate, folders: Folders, models: list[str], task: str, most: int) -> list[Cell]:
    """Returns both models' cells of the first seed that one of them lacks."""
    for seed in every_seed(config)[:most]:
        cells = [Cell(config, folders, model, task, seed) for model in models]
        left = [cell for cell in cells if state_of(cell).what != DONE]
        if left:
            return left
    return []
