"""Which cells get further seeds: those behind the widest interval of a share kept."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .cell import Cell
from .cells import state_of
from .evidence import read_evidence
from .places import Folders
from .systems import systems_of
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
    evidence = read_evidence(config.results)
    wide: list[tuple[float, list[Cell]]] = []
    for system in systems_of(config):
        if system.teacher is None or (told.models and not any(fnmatchcase(system.name, one) for one in told.models)):
            continue
        for task, scores in evidence.tasks.items():
            kept = scores.kept(system.teacher, system.name)
            cells = _next(config, folders, [system.teacher, system.name], task, told.most_seeds) if kept else []
            cells = [cell for cell in cells if f"cell/{cell.name}" not in tried]
            if kept and cells:
                wide.append((kept.high - kept.low, cells))
    return max(wide, key=lambda one: one[0])[1] if wide else []


def _next(config: Replicate, folders: Folders, models: list[str], task: str, most: int) -> list[Cell]:
    """Returns both models' cells of the first seed that one of them lacks."""
    seeds = list(config.seeds)
    while len(seeds) < most:
        seeds.append(max(seeds) + 1)
    for seed in seeds[:most]:
        cells = [Cell(config, folders, model, task, seed) for model in models]
        left = [cell for cell in cells if state_of(cell).what != DONE]
        if left:
            return left
    return []
