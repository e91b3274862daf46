"""What one system gets right and the other wrong, example by example."""

from __future__ import annotations

from dataclasses import dataclass

from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.scoring import Matched
from gonerd.evaluation.tasks import Task


@dataclass(frozen=True)
class Flips:
    """Answers that changed between two systems.

    Attributes:
        gained: (example id, what) that only the second gets right.
        lost: (example id, what) that only the first gets right.
        both: How many both get right.
    """

    gained: list[tuple[str, str]]
    lost: list[tuple[str, str]]
    both: int


def flips(task: Task, first: Matched, second: Matched) -> Flips | None:
    """Lists what changed.

    Args:
        task: The task.
        first: Gold and predictions of one system.
        second: Predictions of the other, for the same examples in the same order.

    Returns:
        The changes by the first headline metric; None where nothing is plainly right or wrong, as with numbers.
    """
    right = METRICS.get(task.headline[0]).right
    if right is None:
        return None
    gained, lost, both = [], [], 0
    for key, gold, one, two in zip(first.ids, first.gold, first.predicted, second.predicted, strict=True):
        a, b = right(gold, one), right(gold, two)
        gained += [(key, what) for what in sorted(b - a)]
        lost += [(key, what) for what in sorted(a - b)]
        both += len(a & b)
    return Flips(gained, lost, both)
