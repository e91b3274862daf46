"""F1 of the positive class, the second one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import METRICS, Counts, Metric, ratio
from ._means import same


def compute(gold: Sequence[int], predicted: Sequence[int]) -> dict[str, float]:
    """Scores two classes given by their indices; 0 where neither side has the positive one."""
    from sklearn.metrics import f1_score

    return {"f1": float(f1_score(gold, predicted, pos_label=1, zero_division=0))}


def counts(gold: Sequence[int], predicted: Sequence[int]) -> Counts:
    """Returns (true positive, gold positive + predicted positive) of each example."""
    truth, guess = np.asarray(gold) == 1, np.asarray(predicted) == 1
    return np.column_stack([truth & guess, truth.astype(float) + guess])


def value(sums: Counts) -> Counts:
    """Returns F1 from sums."""
    return ratio(2 * sums[..., 0], sums[..., 1])


METRICS.register("f1")(
    Metric(
        name="f1",
        title="F1 of the positive class",
        source="Wang et al. 2018, GLUE, table 1; scikit-learn",
        main="f1",
        unit=1,
        compute=compute,
        counts=counts,
        value=value,
        right=same,
    )
)
