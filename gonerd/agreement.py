"""How far two annotators agree: exact and overlap F1 by label, token kappa, with intervals over documents."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import unknown_name
from .labels import CORE, spans_to_tags, split_tag
from .records import Span
from .tokens import tokenize

RESAMPLES = 2000
_LABELS = ("O", *CORE)


@dataclass(frozen=True)
class Interval:
    """A measure with its 95 % bootstrap interval over documents."""

    value: float
    low: float
    high: float


@dataclass
class Agreement:
    """Counts agreement document by document.

    F1 between two annotators is symmetric: 2 x matching spans / all spans of both. A span matches exactly
    when start, end and label are the same, and by overlap when the other has a span of its label that shares
    a character with it. Kappa is Cohen's over tokens labelled O, PER, ORG, LOC or MISC.
    """

    _exact: list[Any] = field(default_factory=list)
    _overlap: list[Any] = field(default_factory=list)
    _confusion: list[Any] = field(default_factory=list)
    _boundary: list[Any] = field(default_factory=list)

    def add(self, text: str, first: Sequence[Span], second: Sequence[Span]) -> None:
        """Counts one document.

        Args:
            text: Its text.
            first: Spans of one annotator, not overlapping each other.
            second: Spans of the other.

        Raises:
            UsageError: A label is none of the core labels.
        """
        for span in (*first, *second):
            if span.label not in CORE:
                raise unknown_name("label", span.label, CORE)
        self._exact.append(_exact_counts(first, second))
        self._overlap.append(_overlap_counts(first, second))
        self._confusion.append(_confusion(text, first, second))
        self._boundary.append(_boundary_counts(first, second))

    @property
    def documents(self) -> int:
        """Number of documents counted."""
        return len(self._exact)

    def boundary(self, seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
        """Computes F1 over borders alone, whatever the labels: what is left of `exact` is disagreement on labels.

        Args:
            seed: Seed of the bootstrap.
            resamples: Number of bootstrap samples of documents.

        Returns:
            The measure; None when neither annotator marked anything.
        """
        if not sum(row[1] for row in self._boundary):
            return None
        counts = np.stack(self._boundary)
        sums = [_resampled([counts], draw)[0] for draw in np.random.default_rng(seed).spawn(resamples)]
        return _interval(_f1(counts.sum(axis=0)), [_f1(sample) for sample in sums])

    def measure(self, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, dict[str, Interval]]:
        """Computes the measures.

        Args:
            seed: Seed of the bootstrap.
            resamples: Number of bootstrap samples of documents.

        Returns:
            "exact" and "overlap" by label and "micro", and "token kappa" under "micro"; labels that neither
            annotator used are left out. Empty when no document was counted.
        """
        if not self.documents:
            return {}
        counts = [np.stack(rows) for rows in (self._exact, self._overlap, self._confusion)]
        sums = [_resampled(counts, draw) for draw in np.random.default_rng(seed).spawn(resamples)]
        found: dict[str, dict[str, Interval]] = {}
        for position, name in enumerate(("exact", "overlap")):
            total = counts[position].sum(axis=0)  # labels x (matching spans of both, spans of both)
            found[name] = {
                _name(i): _interval(_f1(total[i]), [_f1(sample[position][i]) for sample in sums])
                for i in range(len(total))
                if total[i, 1]
            }
        kappa = _interval(_kappa(counts[2].sum(axis=0)), [_kappa(sample[2]) for sample in sums])
        found["token kappa"] = {"micro": kappa}
        return found


def _name(index: int) -> str:
    return "micro" if index == len(CORE) else CORE[index]


def _resampled(counts: Sequence[Any], draw: Any) -> list[Any]:
    """Sums counts over documents drawn with replacement; one sample in memory at a time."""
    documents = len(counts[0])
    weights = np.bincount(draw.integers(0, documents, documents), minlength=documents)
    return [np.tensordot(weights, rows, axes=1) for rows in counts]


def _interval(value: float, resampled: Sequence[float]) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _f1(counts: Any) -> float:
    matching, spans = counts
    return float(matching / spans) if spans else 1.0


def _kappa(confusion: Any) -> float:
    total = confusion.sum()
    if not total:
        return 1.0
    observed = np.trace(confusion) / total
    expected = (confusion.sum(axis=0) @ confusion.sum(axis=1)) / total**2
    return float((observed - expected) / (1 - expected)) if expected < 1 else 1.0


def _exact_counts(first: Sequence[Span], second: Sequence[Span]) -> Any:
    a, b = {span.key for span in first}, {span.key for span in second}
    counts = np.zeros((len(CORE) + 1, 2))
    for keys, column, weight in ((a & b, 0, 2), (a, 1, 1), (b, 1, 1)):
        for _, _, label in keys:
            counts[CORE.index(label), column] += weight
    counts[-1] = counts[:-1].sum(axis=0)
    return counts


def _boundary_counts(first: Sequence[Span], second: Sequence[Span]) -> Any:
    a, b = {span.key[:2] for span in first}, {span.key[:2] for span in second}
    return np.array([2 * len(a & b), len(a) + len(b)])


def _overlap_counts(first: Sequence[Span], second: Sequence[Span]) -> Any:
    counts = np.zeros((len(CORE) + 1, 2))
    for spans, others in ((first, second), (second, first)):
        for label in CORE:
            places = sorted((other.start, other.end) for other in others if other.label == label)
            for span in (span for span in spans if span.label == label):
                i = bisect_left(places, (span.end,)) - 1  # the last that begins before this span ends
                counts[CORE.index(label)] += (i >= 0 and places[i][1] > span.start, 1)
    counts[-1] = counts[:-1].sum(axis=0)
    return counts


def _confusion(text: str, first: Sequence[Span], second: Sequence[Span]) -> Any:
    tokens = tokenize(text, [*first, *second])
    labels = [[split_tag(tag)[1] or "O" for tag in spans_to_tags(spans, tokens)] for spans in (first, second)]
    counts = np.zeros((len(_LABELS), len(_LABELS)))
    for a, b in zip(*labels, strict=True):
        counts[_LABELS.index(a), _LABELS.index(b)] += 1
    return counts
