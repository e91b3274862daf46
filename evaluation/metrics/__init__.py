"""Metrics, one file each, found by themselves; every number equals that of the official scorer.

A metric sees gold and predictions in the same order. Beside its numbers it may state counts per example that add up,
and how its main number follows from their sum: resampling and permutation need no more, and rescore nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonerd.registry import Registry

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tagged:
    """BIO tags of an example, sentence by sentence.

    Attributes:
        sentences: Tags of each sentence.
        words: Words of each sentence; empty where only tags are known.
    """

    sentences: tuple[tuple[str, ...], ...]
    words: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Spanned:
    """Labelled character spans of an example.

    Attributes:
        spans: (start, end, label), in code points, half-open.
        text: The text they are over; None where only the spans are known.
    """

    spans: tuple[tuple[int, int, str], ...]
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A way to score.

    Attributes:
        name: Short name, the module's.
        title: What it is.
        source: Whose definition it follows.
        main: The number that stands for it, a key of what `compute` returns.
        unit: What a perfect score is: 1, or 100 where the official scorer prints percentages.
        compute: From (gold, predictions) to named numbers in the official unit.
        counts: From (gold, predictions) to an array [examples, counts]; None where the metric is no function of sums.
        value: From sums [..., counts] to the main number / unit [...].
        right: From (gold, prediction) of one example to what it got right, each named; None where nothing is plainly
            right or wrong.
    """

    name: str
    title: str
    source: str
    main: str
    unit: float
    compute: Callable[[Sequence[Any], Sequence[Any]], dict[str, Any]]
    counts: Callable[[Sequence[Any], Sequence[Any]], Counts] | None = None
    value: Callable[[Counts], Counts] | None = None
    right: Callable[[Any, Any], frozenset[str]] | None = None


METRICS: Registry[Metric] = Registry("metric", __name__)


def ratio(over: Any, under: Any) -> Counts:
    """Divides elementwise; 0 where the denominator is 0."""
    over, under = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    found: Counts = np.divide(over, under, out=np.zeros(np.broadcast(over, under).shape), where=under != 0)
    return found
