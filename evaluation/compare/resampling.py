"""Paired bootstrap and approximate randomisation over documents, a batch of resamples in one matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gonerd.errors import UsageError
from gonerd.evaluation.metrics import Counts

Statistic = Callable[[Counts], Counts]
_CELLS = 4_000_000  # of the weights held at once
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A measure with its interval.

    Attributes:
        value: Of the documents at hand.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Returns it for a result file."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Resampled:
    """Bootstrap of two systems over the same documents.

    Attributes:
        first: Score of the first, with its interval.
        second: Score of the second.
        difference: Second - first.
        kept: Second / first; None where the first scores 0.
        error: Standard error of the difference.
        draws: Scores of both in each sample [resamples].
    """

    first: Interval
    second: Interval
    difference: Interval
    kept: Interval | None
    error: float
    draws: tuple[Counts, Counts]


def bootstrap(
    first: Counts, second: Counts, statistic: Statistic, *, resamples: int = 2000, seed: int = 0, level: float = LEVEL
) -> Resampled:
    """Draws documents with replacement, the same ones for both systems (Efron 1979; percentile intervals).

    Of several fine-tunings of a system, its seeds, the score is the mean of their scores; seeds are drawn too, each
    system's own, since another fine-tuning would have given another score. A single seed's part stays unknown.

    Args:
        first: Counts of one system [documents, counts], or of its seeds [seeds, documents, counts].
        second: Counts of the other over the same documents.
        statistic: From sums [..., counts] to scores [...].
        resamples: Number of samples.
        seed: Seed of the draws.
        level: Share of the samples inside an interval.

    Returns:
        Scores, difference and share kept, with intervals.

    Raises:
        UsageError: There are fewer than two documents, or the arrays differ in shape.
    """
    sides = [side if side.ndim > 2 else side[None] for side in (first, second)]
    documents = _check(sides[0][0], sides[1][0])
    draws = np.random.default_rng(seed)
    scored: list[list[Counts]] = [[], []]  # of each system, batches of [seeds, samples]
    for size in _batches(documents, resamples):
        chosen = draws.multinomial(documents, np.full(documents, 1 / documents), size=size)
        for batches, side in zip(scored, sides, strict=True):
            batches.append(statistic(chosen @ side))
    a, b = (
        over_seeds(np.concatenate(batches, axis=1), np.random.default_rng([seed, place]))
        for place, batches in enumerate(scored)
    )
    one, two = (float(np.mean(statistic(side.sum(1)))) for side in sides)

    def interval(value: float, samples: Counts) -> Interval:
        low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
        return Interval(value, float(low), float(high))

    kept = interval(two / one, b[a > 0] / a[a > 0]) if one > 0 and (a > 0).any() else None
    error = float(np.std(b - a, ddof=1))
    return Resampled(interval(one, a), interval(two, b), interval(two - one, b - a), kept, error, (a, b))


def over_seeds(by_seed: Counts, draws: np.random.Generator) -> Counts:
    """Draws as many seeds as there are, with replacement, in each sample, and averages their scores.

    Args:
        by_seed: The score of each seed in each sample [seeds, samples].
        draws: What draws the seeds.

    Returns:
        The mean in each sample [samples].
    """
    chosen = draws.integers(0, len(by_seed), by_seed.shape)
    found: Counts = np.take_along_axis(by_seed, chosen, axis=0).mean(axis=0)
    return found


def randomisation(
    first: Counts, second: Counts, statistic: Statistic, *, resamples: int = 10_000, seed: int = 0
) -> float:
    """Tests whether two systems differ: their outputs are swapped document by document (Noreen 1989).

    Args:
        first: Counts of one system [documents, counts].
        second: Counts of the other over the same documents.
        statistic: From sums [..., counts] to scores [...].
        resamples: Number of random swaps.
        seed: Seed of the swaps.

    Returns:
        The two-sided p-value, (1 + swaps with a difference at least as large) / (1 + resamples).

    Raises:
        UsageError: There are fewer than two documents, or the arrays differ in shape.
    """
    documents = _check(first, second)
    draws = np.random.default_rng(seed)
    seen = abs(float(statistic(second.sum(0)) - statistic(first.sum(0))))
    change, total = second - first, first.sum(0) + second.sum(0)
    larger = 0
    for size in _batches(documents, resamples):
        swapped = first.sum(0) + draws.integers(0, 2, (size, documents)) @ change
        found = np.abs(statistic(total - swapped) - statistic(swapped))
        larger += int((found >= seen - 1e-12).sum())  # the same difference summed in another order counts as large
    return (1 + larger) / (1 + resamples)


def _check(first: Counts, second: Counts) -> int:
    if first.shape != second.shape or len(first) < 2:
        raise UsageError(
            f"{len(first)} and {len(second)} documents: both systems need the same ones, at least two; score more"
        )
    return len(first)


def _batches(documents: int, resamples: int) -> Iterator[int]:
    if resamples < 1:
        raise UsageError(f"--resamples {resamples}: give a number above 0")
    size = max(1, _CELLS // documents)
    for begin in range(0, resamples, size):
        yield min(size, resamples - begin)
