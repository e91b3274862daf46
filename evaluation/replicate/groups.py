"""Averages over the tasks of a group, with their draws, so that shares of two groups can be compared as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gonerd.evaluation.compare.resampling import LEVEL, Interval
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.report.figures import NONE, with_interval
from gonerd.evaluation.tasks import TASKS

from .evidence import Evidence
from .scores import Seeds, TaskScores

if TYPE_CHECKING:
    from .config import Replicate

Key = TypeVar("Key")
GROUPS = {"short": "short context", "long-qa": "long-context answers", "long-ner": "long-context entities"}


@dataclass(frozen=True)
class Drawn:
    """A number with the values that it takes over draws of documents.

    Attributes:
        value: The number.
        samples: Its values [resamples]; None where a draw has none.
        tasks: Tasks that it is an average of.
    """

    value: float
    samples: Counts | None
    tasks: tuple[str, ...]

    @property
    def interval(self) -> Interval | None:
        """The number with its 95 % interval."""
        if self.samples is None:
            return None
        low, high = np.quantile(self.samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(self.value, float(low), float(high))

    def less(self, other: Drawn) -> Drawn:
        """Returns the difference to another number of other tasks."""
        both = self.samples is not None and other.samples is not None
        samples = self.samples - other.samples if both else None  # type: ignore[operator]
        return Drawn(self.value - other.value, samples, (*self.tasks, *other.tasks))


def planned(config: Replicate, group: str) -> list[str]:
    """Returns the tasks of a group that the configuration names."""
    return [name for name, told in config.tasks.items() if TASKS.get(told.task or name).group == group]


def so_far(config: Replicate, group: str, found: Drawn) -> str:
    """Says of how many tasks of a group a number is where some are missing; empty where all are there."""
    count = len(planned(config, group))
    return "" if len(found.tasks) == count else f"{len(found.tasks)} of {count} tasks"


def told_share(config: Replicate, group: str, found: Drawn | None) -> str:
    """Writes a share with its interval, and of how many tasks it is where some are missing."""
    if found is None:
        return NONE
    ends = {"low": found.interval.low, "high": found.interval.high} if found.interval else None
    return ", ".join(filter(None, (with_interval(found.value, ends), so_far(config, group, found))))


def comparable(found: Mapping[Key, Drawn]) -> dict[Key, Drawn]:
    """Returns those of numbers that are averages of the same tasks, of as many as possible."""
    most = max((one.tasks for one in found.values()), key=len, default=())
    return {name: one for name, one in found.items() if set(one.tasks) == set(most)}


def group_kept(evidence: Evidence, group: str, teacher: str, student: str) -> Drawn | None:
    """Returns the mean score of the student over that of the teacher, over the tasks that both can be compared on.

    On each task the seeds count that both have.
    It is the "kept" of `gonerd.evaluation.compare.kept.averages`: the ratio of means, not the mean of ratios.
    """
    tasks = [task for task in _tasks(evidence, group) if task.compares(teacher, student)]
    if not tasks:
        return None
    seeds = [task.shared(teacher, student) for task in tasks]
    first, second = (_mean(tasks, name, seeds) for name in (teacher, student))
    if first.value <= 0:
        return None
    assert first.samples is not None and second.samples is not None
    samples = second.samples / first.samples if (first.samples > 0).all() else None
    return Drawn(second.value / first.value, samples, first.tasks)


def group_mean(evidence: Evidence, group: str, model: str) -> Drawn | None:
    """Returns the mean score of a model over the tasks of a group that it was scored on."""
    tasks = [task for task in _tasks(evidence, group) if task.has(model)]
    return _mean(tasks, model, [None] * len(tasks)) if tasks else None


def _tasks(evidence: Evidence, group: str) -> list[TaskScores]:
    return [task for task in evidence.tasks.values() if task.group == group]


def _mean(tasks: Sequence[TaskScores], model: str, seeds: Sequence[Seeds]) -> Drawn:
    values = [task.value(model, own) for task, own in zip(tasks, seeds, strict=True)]
    samples = [task.draws(model, own, shuffled=True) for task, own in zip(tasks, seeds, strict=True)]
    return Drawn(float(np.mean(values)), np.mean(samples, axis=0), tuple(task.name for task in tasks))
