"""Scores on one task, with draws of documents that all models share, and of seeds."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gonerd.evaluation.compare.counts import Kept
from gonerd.evaluation.compare.resampling import LEVEL, Interval, over_seeds
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.tasks import TASKS

RESAMPLES = 2000
Seeds = tuple[int, ...] | None  # None for all that a model has


@dataclass(frozen=True)
class TaskScores:
    """Everything that was scored on one task, over the same documents.

    Where two models are compared, it is over the seeds that both have.

    Attributes:
        name: The task, or the entry of its data.
        runs: Results by model; several are seeds.
        whole_road: Whether a seed is of the models as well as of their fine-tuning. Then it is drawn for all models
            and tasks at once, for a good encoder makes a good teacher and a good student; otherwise for each by itself.
    """

    name: str
    runs: dict[str, list[Kept]]
    whole_road: bool = False
    _known: dict[tuple[str, Seeds, bool], Counts] = field(default_factory=dict, compare=False, repr=False)

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
    def _chosen(self) -> Any:
        """How often each document is in each draw [resamples, documents], the same for all models."""
        size = self.documents
        return np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)

    def draws(self, model: str, seeds: Seeds = None, shuffled: bool = False) -> Counts:
        """Returns the score of a model in each draw [resamples].

        Documents are drawn as in `compare.resampling.bootstrap`; then seeds, for another training would have given
        other scores. A single seed is always drawn: its part is unknown.

        Args:
            model: The model.
            seeds: Those that count.
            shuffled: Whether the draws of documents come in an order of the task's own, as for a mean over tasks, whose
                documents are independent.
        """
        key = model, seeds, shuffled
        if key not in self._known:
            chosen = _random(self.name).permutation(self._chosen) if shuffled else self._chosen
            runs = self._runs(model, seeds)
            by_seed = np.stack([run.statistic(chosen @ run.counts) for run in runs])  # [seeds, resamples]
            draws = _random("seeds") if self.whole_road else _random(f"{self.name} {model}")
            self._known[key] = over_seeds(by_seed, draws)
        return self._known[key]

    def _runs(self, model: str, seeds: Seeds) -> list[Kept]:
        runs = sorted(self.runs[model], key=_seed)
        return [run for run in runs if seeds is None or _seed(run) in seeds]

    def compares(self, first: str | None, second: str | None) -> bool:
        """Whether two models were both scored, and with a seed that both have where seeds have models of their own."""
        if first is None or second is None or not self.has(first, second):
            return False
        return not self.whole_road or self.shared(first, second) is not None

    def shared(self, first: str, second: str) -> Seeds:
        """Returns the seeds that both models have; None, which is all, where they have none in common."""
        theirs = {_seed(run) for run in self.runs[second]}
        return tuple(seed for run in self._runs(first, None) if (seed := _seed(run)) in theirs) or None

    def by_seed(self, model: str, seeds: Seeds = None) -> list[float]:
        """Returns the score of each fine-tuning of a model."""
        return [float(run.statistic(run.counts.sum(0))) for run in self._runs(model, seeds)]

    def value(self, model: str, seeds: Seeds = None) -> float:
        """Returns the score of a model: the mean over seeds."""
        return statistics.fmean(self.by_seed(model, seeds))

    def error_of_seeds(self, model: str) -> float | None:
        """Returns the part of the mean's standard error that further seeds lessen; None of a single seed."""
        scores = self.by_seed(model)
        return statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else None

    def has(self, *models: str | None) -> bool:
        """Whether all of these were scored."""
        return all(model in self.runs for model in models)

    def score(self, model: str) -> Interval:
        """Returns the score of a model with its interval."""
        return _interval(self.value(model), self.draws(model))

    def difference(self, first: str, second: str) -> Interval:
        """Returns second - first, with its interval."""
        seeds = self.shared(first, second)
        value = self.value(second, seeds) - self.value(first, seeds)
        return _interval(value, self.draws(second, seeds) - self.draws(first, seeds))

    def kept(self, teacher: str, student: str) -> Interval | None:
        """Returns student / teacher with its interval; None where one is missing, or the teacher scores 0 in a draw."""
        if not self.compares(teacher, student):
            return None
        seeds = self.shared(teacher, student)
        a, b = self.draws(teacher, seeds), self.draws(student, seeds)
        if self.value(teacher, seeds) <= 0 or not (a > 0).all():
            return None
        return _interval(self.value(student, seeds) / self.value(teacher, seeds), b / a)


def _random(name: str) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))


def _seed(run: Kept) -> int:
    return run.result.settings.seed or 0


def _interval(value: float, samples: Counts) -> Interval:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
