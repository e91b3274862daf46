"""Exact span scores: a mention counts when start, end and label all match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.labels import spans_to_tags
from gonerd.records import Span
from gonerd.tokens import tokenize


@dataclass(frozen=True)
class Score:
    """Counts, and the measures that follow from them (0 where a denominator is 0)."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are gold."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold spans that were predicted."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0

    def as_dict(self) -> dict[str, float]:
        """Returns counts and measures for a result file."""
        return {
            "f1": self.f1,
            "precision": self.precision,
            "recall": self.recall,
            "correct": self.correct,
            "predicted": self.predicted,
            "gold": self.gold,
        }


def score_spans(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, Score]:
    """Scores predictions as sets of spans.

    Equal to seqeval in strict IOB2 mode, document by document, and independent of any tokenisation.

    Args:
        gold: Gold spans of each document.
        predicted: Predicted spans of each document, in the same order.

    Returns:
        Scores by label, and under "micro" over all labels.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("correct", "predicted", "gold")}
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        truth, guess = {span.key for span in gold_spans}, {span.key for span in predicted_spans}
        for name, spans in (("correct", truth & guess), ("predicted", guess), ("gold", truth)):
            counts[name].update(label for _, _, label in spans)
            counts[name]["micro"] += len(spans)
    labels = sorted({label for counter in counts.values() for label in counter} - {"micro"})
    return {label: Score(*(counter[label] for counter in counts.values())) for label in ["micro", *labels]}


def seqeval_strict(
    texts: Sequence[str], gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]
) -> dict[str, Any]:
    """Scores the same predictions with seqeval, strict IOB2, over tokens that break at every border.

    Args:
        texts: The documents.
        gold: Gold spans of each document.
        predicted: Predicted spans of each document.

    Returns:
        Micro `f1`, `precision` and `recall`, and the seqeval version.
    """
    from importlib.metadata import version

    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2

    truth, guess = [], []
    for text, gold_spans, predicted_spans in zip(texts, gold, predicted, strict=True):
        offsets = tokenize(text, [*gold_spans, *predicted_spans])
        truth.append(spans_to_tags(gold_spans, offsets))
        guess.append(spans_to_tags(predicted_spans, offsets))
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, guess, average="micro", scheme=IOB2, zero_division=0
    )
    return {"f1": float(f1), "precision": float(precision), "recall": float(recall), "seqeval": version("seqeval")}
