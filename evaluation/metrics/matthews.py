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
    """Returns the cells of the confusion matrix of two classes, row by row, with a single 1 for each example."""
    cells: Counts = np.eye(4)[2 * np.asarray(gold) + np.asarray(predicted)]
    return cells


def value(sums: Counts) -> Counts:
    """Returns the correlation from summed confusion matrices."""
    negative, false_positive, false_negative, positive = np.moveaxis(sums, -1, 0)
    spread = (
        (positive + false_positive)
        * (positive + false_negative)
        * (negative + false_positive)
        * (negative + false_negative)
    )
    return ratio(positive * negative - false_positive * false_negative, np.sqrt(spread))


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
