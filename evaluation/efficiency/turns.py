"""A group of cells, each in a process of its own, that take turns. One that fails leaves the others their figures."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

from gonerd.errors import GonerdError
from gonerd.evaluation.schema import Cell, NotMeasured
from gonerd.models.allocator import MALLOC
from gonerd.models.process import Child

from .earlier import Measured
from .plan import EfficiencySettings, Group

CHILD = "gonerd.evaluation.efficiency.child"
FIRST, COUNT = "first", "count"  # what a round may be for; any other one is for its seconds
FEWEST, MOST = 2, 6  # passes of a warm-up
NEAR = 0.1


def is_stable(seconds: list[float]) -> bool:
    """Whether two passes in a row have differed by less than a tenth."""
    return any(abs(b - a) < NEAR * a for a, b in pairwise(seconds))


class Turns:
    """The processes of a group, by the names of their cells.

    Args:
        group: The cells.
        settings: What to measure.
        threads: Threads of each process.
        stack: What ends the processes.
    """

    def __init__(self, group: Group, settings: EfficiencySettings, threads: int, stack: ExitStack) -> None:
        self.reasons: dict[str, str] = {cell.model: cell.against for cell in group.cells if cell.against is not None}
        self.figures: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, list[float]] = {}
        self._alive: dict[str, Child] = {}
        for cell in group.cells:
            if cell.model not in self.reasons:
                child = Child(CHILD, cell.model, group.job(cell, settings), MALLOC[group.malloc], threads)
                self._alive[cell.model] = stack.enter_context(child)
                self.figures[cell.model], self.seconds[cell.model] = {}, []
        self._all(Child.heard)  # the models are made

    def round(self, word: str = "") -> None:
        """Lets each compute once, and keeps what it answers."""
        for name, answer in self._all(lambda child: child.turn(word)).items():
            if word:
                self.figures[name] |= answer
            else:
                self.seconds[name].append(answer["seconds"])

    @property
    def stable(self) -> bool:
        """Whether all that are left have been stable once."""
        return all(is_stable(self.seconds[name]) for name in self._alive)

    def _all(self, ask: Callable[[Child], dict[str, Any]]) -> dict[str, dict[str, Any]]:
        answers = {}
        for name, child in list(self._alive.items()):
            try:
                answers[name] = ask(child)
            except GonerdError as error:
                self.reasons[name] = str(error).removeprefix(f"{child.title}: ")
                del self._alive[name]
        return answers


def measure(group: Group, settings: EfficiencySettings, threads: int) -> Measured:
    """Measures the cells of a group, in turn.

    The first round tells memory, the second counts operations. Rounds of warm-up follow until every cell has been
    stable, and then those that count.

    Args:
        group: The cells.
        settings: What to measure.
        threads: Threads of each process.

    Returns:
        The cells, and those that have no figures, each with the reason.
    """
    with ExitStack() as stack:
        turns = Turns(group, settings, threads, stack)
        turns.round(FIRST)
        turns.round(COUNT)
        warm = 0
        while warm < FEWEST or (warm < MOST and not turns.stable):
            turns.round()
            warm += 1
        for _ in range(settings.repeats):
            turns.round()
    measured = Measured()
    for planned in group.cells:
        name, place = planned.model, {**planned.labels, **group.place}
        if name in turns.reasons:
            sha = planned.facts.weights_sha256
            measured.missing.append(NotMeasured(**place, weights_sha256=sha, reason=turns.reasons[name]))
            continue
        figures, seconds = turns.figures[name], turns.seconds[name]
        measured.cells.append(
            Cell(
                **place,
                **_times(seconds[warm:], group),
                **{key: value for key, value in figures.items() if key != "glibc"},
                stable=is_stable(seconds[:warm]),
                rounds=2 + len(seconds),
                disk_bytes=None if figures["random_weights"] else planned.facts.disk_bytes,
                allocator_keeps_memory=group.malloc == "tuned" and figures["glibc"],
            )
        )
    return measured


def _times(seconds: list[float], group: Group) -> dict[str, Any]:
    # The usual definition reaches beyond the passes where they are few.
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
    return {
        "seconds": median,
        "quartiles": (low, high),
        "repeats": len(seconds),
        "times": seconds,
        "tokens_per_second": group.batch * group.length / median,
    }
