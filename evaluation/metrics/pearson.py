"""Pearson correlation of two series of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import METRICS, Counts, Metric, ratio


def constant(values: Sequence[float]) -> bool:
    """Whether a series does not vary at all."""
    return len(values) < 2 or bool(np.ptp(np.asarray(values, dtype=float)) == 0)


def compute(gold: Sequence[float], predicted: Sequence[float]) -> dict[str, float]:
    """Correlates numbers; 0 where a side is constant, for which the correlation is not defined."""
    from scipy.stats import pearsonr

    if constant(gold) or constant(predicted):
        return {"pearson": 0.0}
    return {"pearson": float(pearsonr(np.asarray(gold, dtype=float), np.asarray(predicted, dtype=float)).statistic)}


def counts(gold: Sequence[float], predicted: Sequence[float]) -> Counts:
    """Returns the moments (1, x, y, xx, yy, xy) of each example, about the means, where they lose no digits."""
    x, y = (np.asarray(side, dtype=float) - np.mean(side) for side in (gold, predicted))
    return np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])


def value(sums: Counts) -> Counts:
    """Returns the correlation from summed moments."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    spread = np.maximum(n * xx - x * x, 0) * np.maximum(n * yy - y * y, 0)
    return np.clip(ratio(n * xy - x * y, np.sqrt(spread)), -1, 1)


METRICS.register("pearson")(
    Metric(
        name="pearson",
        title="Pearson correlation",
        source="Cer et al. 2017, STS-B; scipy",
        main="pearson",
        unit=1,
        compute=compute,
        counts=counts,
        value=value,
    )
)
