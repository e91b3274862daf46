"""Accuracy: the share of examples whose class was predicted."""

from __future__ import annotations

from collections.abc import Sequence

from . import METRICS, Counts, Metric
from ._means import mean, same, summed


def compute(gold: Sequence[int], predicted: Sequence[int]) -> dict[str, float]:
    """Scores classes given by their indices."""
    from sklearn.metrics import accuracy_score

    return {"accuracy": float(accuracy_score(gold, predicted))}


def counts(gold: Sequence[int], predicted: Sequence[int]) -> Counts:
    """Returns (right, 1) of each example."""
    return summed([a == b for a, b in zip(gold, predicted, strict=True)])


METRICS.register("accuracy")(
    Metric(
        name="accuracy",
        title="Accuracy",
        source="Wang et al. 2018, GLUE, table 1; scikit-learn",
        main="accuracy",
        unit=1,
        compute=compute,
        counts=counts,
        value=mean,
        right=same,
    )
)
