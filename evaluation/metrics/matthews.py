"""Matthews correlation of two codings into classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import METRICS, Counts, Metric, ratio
from ._means import same


def compute(gold: Sequence[int], predicted: Sequence[int]) -> dict[str, float]:
    """Scores classes given by their indices; 0 where one side has a single class."""
    from sklearn.metrics import matthews_corrcoef

    return {"matthews": float(matthews_corrcoef(gold, predicted))}


def counts(gold: Sequence[int], predicted: Sequence[int]) -> Counts:
    """Returns the cells of the confusion matrix, row by row, with a single 1 for each example."""
    truth, guess = np.asarray(gold), np.asarray(predicted)
    classes = int(max(truth.max(initial=1), guess.max(initial=1))) + 1
    return np.eye(classes * classes)[truth * classes + guess]


def value(sums: Counts) -> Counts:
    """Returns the correlation from summed confusion matrices (Gorodkin 2004, for any number of classes)."""
    classes = int(round(sums.shape[-1] ** 0.5))
    matrix = sums.reshape(*sums.shape[:-1], classes, classes)
    total, right = matrix.sum((-1, -2)), np.trace(matrix, axis1=-2, axis2=-1)
    truth, guess = matrix.sum(-1), matrix.sum(-2)
    covariance = right * total - (truth * guess).sum(-1)
    spread = (total**2 - (guess**2).sum(-1)) * (total**2 - (truth**2).sum(-1))
    return ratio(covariance, np.sqrt(spread))


METRICS.register("matthews")(
    Metric(
        name="matthews",
        title="Matthews correlation",
        source="Matthews 1975; Warstadt et al. 2019, CoLA; scikit-learn",
        main="matthews",
        unit=1,
        compute=compute,
        counts=counts,
        value=value,
        right=same,
    )
)
