"""Scores on one task, with draws of documents that all models share, so that every comparison is paired."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gonerd.evaluation.compare.resampling import LEVEL, Interval
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.tasks import TASKS

from .publish import Kept

RESAMPLES = 2000


@dataclass(frozen=True)
class TaskScores:
    """Everything that was scored on one task, over the same documents.

    Attributes:
        name: The task, or the entry of its data.
        runs: Results by model; several are seeds.
    """

    name: str
    runs: dict[str, list[Kept]]

    @property
    def group(self) -> str:
        """Group of the task."""
        return TASKS.get(self._any.result.task.name).group

    @property
    def documents(self) -> int:
        """Documents that are drawn from."""
        return len(self._any.counts)

    @property
    def _any(self) -> Kept:
        return next(iter(self.runs.values()))[0]

    @cached_property
    def _draws(self) -> dict[str, Counts]:
        """Scores of each model in each draw [resamples]: the draws of `compare.resampling.bootstrap`, made once."""
        counts = {name: np.mean([run.counts for run in runs], axis=0) for name, runs in self.runs.items()}
        size = self.documents
        chosen = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)
        statistic = self._any.statistic
        return {name: statistic(chosen @ one) for name, one in counts.items()}

    def value(self, model: str) -> float:
        """Returns the score of a model; over seeds, that of the mean counts of each document."""
        return float(self._any.statistic(np.mean([run.counts.sum(0) for run in self.runs[model]], axis=0)))

    @property
    def resamples(self) -> int:
        """How often documents are drawn."""
        return RESAMPLES

    def draws(self, model: str) -> Counts:
        """Returns the score of a model in each draw [resamples]."""
        return self._draws[model]

    def has(self, *models: str | None) -> bool:
        """Whether all of these were scored."""
        return all(model in self.runs for model in models)

    def score(self, model: str) -> Interval:
        """Returns the score of a model with its interval."""
        return _interval(self.value(model), self._draws[model])

    def difference(self, first: str, second: str) -> Interval:
        """Returns second - first, with its interval."""
        return _interval(self.value(second) - self.value(first), self._draws[second] - self._draws[first])

    def kept(self, teacher: str, student: str) -> Interval | None:
        """Returns student / teacher with its interval; None where one is missing, or the teacher scores nothing."""
        if not self.has(teacher, student) or self.value(teacher) <= 0:
            return None
        a, b = self._draws[teacher], self._draws[student]
        return _interval(self.value(student) / self.value(teacher), b[a > 0] / a[a > 0]) if (a > 0).any() else None


def _interval(value: float, samples: Counts) -> Interval:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
