"""Spearman correlation: Pearson's over ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import METRICS, Counts, Metric
from .pearson import constant, value
from .pearson import counts as moments


def compute(gold: Sequence[float], predicted: Sequence[float]) -> dict[str, float]:
    """Correlates the ranks of numbers; 0 where a side is constant, for which the correlation is not defined."""
    from scipy.stats import spearmanr

    if constant(gold) or constant(predicted):
        return {"spearman": 0.0}
    return {"spearman": float(spearmanr(np.asarray(gold, dtype=float), np.asarray(predicted, dtype=float)).statistic)}


def counts(gold: Sequence[float], predicted: Sequence[float]) -> Counts:
    """Returns the moments of the ranks among all examples; resampling keeps these ranks."""
    from scipy.stats import rankdata

    return moments(rankdata(gold), rankdata(predicted))


METRICS.register("spearman")(
    Metric(
        name="spearman",
        title="Spearman correlation",
        source="Cer et al. 2017, STS-B; scipy",
        main="spearman",
        unit=1,
        compute=compute,
        counts=counts,
        value=value,
    )
)
