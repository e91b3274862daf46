"""Metrics that are the mean of a number per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import Counts, ratio


def summed(scores: Sequence[float]) -> Counts:
    """Returns the counts (score, 1) of each example."""
    return np.column_stack([np.asarray(scores, dtype=float), np.ones(len(scores))])


def mean(sums: Counts) -> Counts:
    """Returns the mean that sums of such counts stand for."""
    return ratio(sums[..., 0], sums[..., 1])


def same(gold: Any, predicted: Any) -> frozenset[str]:
    """Whether a class was predicted right, as what `Metric.right` returns."""
    return frozenset({"class"}) if gold == predicted else frozenset()
