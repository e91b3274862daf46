"""A task's score as a function of sums over documents, so that resampling rescores nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gonerd.errors import UsageError
from gonerd.evaluation.metrics import METRICS, Counts, Metric
from gonerd.evaluation.scoring import Matched
from gonerd.evaluation.tasks import Task


@dataclass(frozen=True)
class Statistic:
    """The score of a task, the mean of its headline metrics.

    Attributes:
        metrics: The headline metrics.
        widths: Counts that each of them takes.
    """

    metrics: tuple[Metric, ...]
    widths: tuple[int, ...]

    def __call__(self, sums: Counts) -> Counts:
        """Returns the score of sums [..., counts]."""
        parts = np.split(sums, np.cumsum(self.widths)[:-1], axis=-1)
        values = [metric.value(part) for metric, part in zip(self.metrics, parts, strict=True) if metric.value]
        found: Counts = np.mean(values, axis=0)
        return found


def counted(task: Task, matched: Matched) -> tuple[Statistic, Counts]:
    """Counts the examples of a result, document by document.

    Args:
        task: The task.
        matched: Gold and predictions.

    Returns:
        The statistic, and an array [documents, counts] in the order in which documents occur.

    Raises:
        UsageError: A headline metric is no function of sums.
    """
    metrics = tuple(METRICS.get(name) for name in task.headline)
    columns = []
    for metric in metrics:
        if metric.counts is None or metric.value is None:
            raise UsageError(
                f"metric {metric.name!r} of task {task.name!r} is no function of sums; it cannot be resampled"
            )
        columns.append(metric.counts(matched.gold, matched.predicted))
    order = {document: i for i, document in enumerate(dict.fromkeys(matched.documents))}
    rows = np.hstack(columns)
    sums = np.zeros((len(order), rows.shape[1]))
    np.add.at(sums, [order[document] for document in matched.documents], rows)
    return Statistic(metrics, tuple(column.shape[1] for column in columns)), sums
