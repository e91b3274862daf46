"""Kept results, task by task, with draws of documents that all models share, so that every comparison is paired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError
from gonerd.evaluation.compare.resampling import LEVEL, Interval
from gonerd.evaluation.compare.side import without_seed
from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.schema import EfficiencyResult, read_result
from gonerd.evaluation.schema.reading import is_result
from gonerd.evaluation.tasks import TASKS
from gonerd.files import read_json

from .publish import Kept, read_kept

RESAMPLES = 2000
SUMMARY = "models.json"


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


@dataclass(frozen=True)
class Evidence:
    """What was kept of a replication.

    Attributes:
        tasks: Scores by task.
        times: Results of time and memory, by name of the file.
        models: What is known of the making of each model.
        text: What they were trained on.
    """

    tasks: dict[str, TaskScores]
    times: dict[str, EfficiencyResult] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> list[Kept]:
        """All results of scores."""
        return [run for task in self.tasks.values() for runs in task.runs.values() for run in runs]


def read_evidence(folder: Path) -> Evidence:
    """Reads a folder of kept results; one that is missing holds nothing.

    Raises:
        GonerdError: A file is malformed, or two results of a task are over different examples or settings.
    """
    runs: dict[str, dict[str, list[Kept]]] = defaultdict(lambda: defaultdict(list))
    times: dict[str, EfficiencyResult] = {}
    for path in sorted(folder.glob("*.json")):
        if not is_result(read_json(path, "restore it")):
            continue
        result = read_result(path)
        if isinstance(result, EfficiencyResult):
            times[path.stem] = result
        else:
            runs[result.task.title][without_seed(result.model.name)].append(read_kept(path))
    summary = read_json(folder / SUMMARY, "restore it") if (folder / SUMMARY).is_file() else {}
    for task in runs.values():
        _check_alike([run for one in task.values() for run in one])
    tasks = {name: TaskScores(name, dict(found)) for name, found in runs.items()}
    return Evidence(tasks, times, dict(summary.get("models", {})), dict(summary.get("text", {})))


def _check_alike(runs: Sequence[Kept]) -> None:
    """Refuses results that do not stand beside each other: other examples, or another fine-tuning."""
    for run in runs[1:]:
        for what, theirs, ours in zip(_ALIKE, _alike(run), _alike(runs[0]), strict=True):
            if theirs != ours:
                raise GonerdError(
                    f"{run.path} and {runs[0].path}: {what} differ ({theirs!r} and {ours!r}), so they do not stand in "
                    "one table; run `gonerd evaluate replicate --redo`"
                )


_ALIKE = ("versions of the task", "examples", "documents", "epochs", "learning rates", "training examples")


def _alike(run: Kept) -> tuple[Any, ...]:
    result, training = run.result, run.result.training
    data = (result.dataset.sha256, result.counts.scored)
    told = (training.get(name) for name in ("epochs", "learning_rate", "documents"))
    return (result.task.version, data, run.documents, *told)


def _interval(value: float, samples: Counts) -> Interval:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
