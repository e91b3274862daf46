"""Scores on one task, with draws of documents that all models share, and of seeds that each model has of its own."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gonerd.evaluation.compare.counts import Kept
from gonerd.evaluation.compare.resampling import LEVEL, Interval, over_seeds
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.tasks import TASKS

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
        """Scores of each model in each draw [resamples].

        Documents are drawn as in `compare.resampling.bootstrap`, the same for all models; then the seeds of each model,
        for another fine-tuning would have given other scores. A single seed is always drawn: its part is unknown.
        """
        size = self.documents
        chosen = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)
        return {name: self._drawn(name, chosen) for name in self.runs}

    def _drawn(self, model: str, chosen: Any) -> Counts:
        by_seed = np.stack([run.statistic(chosen @ run.counts) for run in self.runs[model]])  # [seeds, resamples]
        own = hashlib.sha256(f"{self.name} {model}".encode()).digest()
        return over_seeds(by_seed, np.random.default_rng(list(own)))

    def by_seed(self, model: str) -> list[float]:
        """Returns the score of each fine-tuning of a model."""
        return [float(run.statistic(run.counts.sum(0))) for run in self.runs[model]]

    def value(self, model: str) -> float:
        """Returns the score of a model: the mean over seeds."""
        return statistics.fmean(self.by_seed(model))

    def error_of_seeds(self, model: str) -> float | None:
        """Returns the part of the mean's standard error that further seeds lessen; None of a single seed."""
        scores = self.by_seed(model)
        return statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else None

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
        """Returns student / teacher with its interval; None where one is missing, or the teacher scores 0 in a draw."""
        if not self.has(teacher, student):
            return None
        a, b = self._draws[teacher], self._draws[student]
        if self.value(teacher) <= 0 or not (a > 0).all():
            return None
        return _interval(self.value(student) / self.value(teacher), b / a)


def _interval(value: float, samples: Counts) -> Interval:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
