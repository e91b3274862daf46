"""How far any number of annotators agree, token by token: Fleiss' kappa and Krippendorff's alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gonerd.agreement import Interval
from gonerd.errors import UsageError, needs_extra, unknown_name
from gonerd.labels import CORE, spans_to_tags, split_tag
from gonerd.records import Span
from gonerd.tokens import tokenize

RESAMPLES = 200  # alpha is computed anew by the library for each
_LABELS = ("O", *CORE)


@dataclass
class Panel:
    """Counts how many annotators gave each token each label, document by document.

    Fleiss' kappa (Psychological Bulletin 76, 1971) is over the documents that everybody annotated; Krippendorff's alpha
    (Content Analysis, 4th ed., chapter 12), nominal, over every document that two or more annotated.
    """

    _counts: list[Any] = field(default_factory=list)  # tokens x labels, a document each
    _raters: list[int] = field(default_factory=list)
    _annotators: int = 0

    def add(self, text: str, annotations: Sequence[Sequence[Span] | None]) -> None:
        """Counts one document.

        Args:
            text: Its text.
            annotations: Spans of every annotator, always in the same order, None where one did not annotate it.

        Raises:
            UsageError: A label is none of the core labels.
        """
        given = [spans for spans in annotations if spans is not None]
        self._annotators = len(annotations)
        if len(given) < 2:
            return
        tokens = tokenize(text, [span for spans in given for span in spans])
        counts = np.zeros((len(tokens), len(_LABELS)), dtype=np.int64)
        for spans in given:
            for row, tag in enumerate(spans_to_tags(spans, tokens)):
                label = split_tag(tag)[1] or "O"
                if label not in _LABELS:
                    raise unknown_name("label", label, CORE)
                counts[row, _LABELS.index(label)] += 1
        self._counts.append(counts)
        self._raters.append(len(given))

    def measure(self, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Interval]:
        """Computes the measures with 95 % bootstrap intervals over documents.

        Args:
            seed: Seed of the bootstrap.
            resamples: Number of bootstrap samples of documents.

        Returns:
            "fleiss kappa", where everybody annotated some document, and "krippendorff alpha"; empty when no document
            was annotated twice.
        """
        complete = [c for c, raters in zip(self._counts, self._raters, strict=True) if raters == self._annotators]
        found = {}
        for name, function, rows in (
            ("fleiss kappa", fleiss_kappa, complete),
            ("krippendorff alpha", krippendorff_alpha, self._counts),
        ):
            if sum(map(len, rows)):
                found[name] = _with_interval(function, rows, seed, resamples)
        return found


def _with_interval(function: Any, rows: Sequence[Any], seed: int, resamples: int) -> Interval:
    value = function(np.concatenate(rows))
    drawn = []
    for draw in np.random.default_rng(seed).spawn(resamples):
        picked = draw.integers(0, len(rows), len(rows))
        drawn.append(function(np.concatenate([rows[i] for i in picked])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def fleiss_kappa(counts: Any) -> float:
    """Computes Fleiss' kappa.

    Args:
        counts: Array of shape (tokens, labels): how many annotators gave the label. Every row has the same sum.

    Returns:
        The kappa; 1.0 where a single label was ever given.

    Raises:
        UsageError: The rows differ in their sums, or have fewer than two annotators.
    """
    raters = int(counts[0].sum())
    if raters < 2 or (counts.sum(axis=1) != raters).any():
        raise UsageError("Fleiss' kappa needs the same two or more annotators for every token")
    observed = ((counts**2).sum(axis=1) - raters).mean() / (raters * (raters - 1))
    expected = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return float((observed - expected) / (1 - expected)) if expected < 1 else 1.0


def krippendorff_alpha(counts: Any) -> float:
    """Computes Krippendorff's nominal alpha with the library of that name.

    Args:
        counts: Array of shape (tokens, labels): how many annotators gave the label; rows may differ in their sums.

    Returns:
        The alpha; 1.0 where a single label was ever given.
    """
    if (counts.sum(axis=0) > 0).sum() < 2:
        return 1.0
    with needs_extra("annotation"):
        import krippendorff
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))
