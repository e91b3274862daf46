"""HotpotQA: answers, supporting facts, and both at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import METRICS, Counts, Metric
from ._answers import overlap, squad_normalized
from ._means import mean, summed

Facts = frozenset[tuple[str, int]]
_CHOICES = ("yes", "no", "noanswer")
_ZERO = (0.0, 0.0, 0.0, 0.0)
_NUMBERS = ("em", "f1", "prec", "recall")


class Hop(NamedTuple):
    """An answer with its supporting facts, gold or predicted.

    Attributes:
        answer: The answer; None where the prediction has none.
        facts: (title, sentence) of each supporting fact; None where the model does not predict them.
    """

    answer: str | None
    facts: Facts | None = None


def answer_score(gold: str, predicted: str | None) -> tuple[float, float, float, float]:
    """Scores an answer: exact match, F1, precision, recall. Yes and no share no tokens with anything else."""
    if predicted is None:
        return _ZERO
    guess, truth = squad_normalized(predicted), squad_normalized(gold)
    exact = float(guess == truth)
    if guess != truth and (guess in _CHOICES or truth in _CHOICES):
        return _ZERO
    f1, precision, recall = overlap(guess.split(), truth.split())
    return exact, f1, precision, recall


def facts_score(gold: Facts, predicted: Facts | None) -> tuple[float, float, float, float]:
    """Scores a set of supporting facts: exact match, F1, precision, recall."""
    if predicted is None:
        return _ZERO
    shared = len(gold & predicted)
    precision = shared / len(predicted) if predicted else 0.0
    recall = shared / len(gold) if gold else 0.0
    return float(gold == predicted), _harmonic(precision, recall), precision, recall


def joint_score(gold: Hop, predicted: Hop) -> tuple[float, float, float, float]:
    """Scores answer and facts at once: precisions and recalls are multiplied; 0 where one of the two is missing."""
    if predicted.answer is None or predicted.facts is None:
        return _ZERO
    exact, _, precision, recall = answer_score(gold.answer or "", predicted.answer)
    facts_exact, _, facts_precision, facts_recall = facts_score(gold.facts or frozenset(), predicted.facts)
    precision, recall = precision * facts_precision, recall * facts_recall
    return exact * facts_exact, _harmonic(precision, recall), precision, recall


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def compute(gold: Sequence[Hop], predicted: Sequence[Hop]) -> dict[str, float]:
    """Scores predictions, 0 to 1; `sp_` and `joint_` numbers only where supporting facts are predicted at all."""
    pairs = list(zip(gold, predicted, strict=True))
    found = _means("", [answer_score(a.answer or "", b.answer) for a, b in pairs])
    if any(guess.facts is not None for guess in predicted):
        found |= _means("sp_", [facts_score(a.facts or frozenset(), b.facts) for a, b in pairs])
        found |= _means("joint_", [joint_score(a, b) for a, b in pairs])
    return found


def _means(prefix: str, rows: Sequence[tuple[float, ...]]) -> dict[str, float]:
    columns = zip(*rows, strict=True)
    return {f"{prefix}{name}": sum(column) / len(rows) for name, column in zip(_NUMBERS, columns, strict=True)}


def counts(gold: Sequence[Hop], predicted: Sequence[Hop]) -> Counts:
    """Returns (answer F1, 1) of each question."""
    return summed([answer_score(a.answer or "", b.answer)[1] for a, b in zip(gold, predicted, strict=True)])


def right(gold: Hop, predicted: Hop) -> frozenset[str]:
    """Tells whether the answer and the supporting facts match exactly."""
    found = {"answer"} if answer_score(gold.answer or "", predicted.answer)[0] else set()
    if predicted.facts is not None and gold.facts == predicted.facts:
        found.add("supporting facts")
    return frozenset(found)


METRICS.register("hotpotqa")(
    Metric(
        name="hotpotqa",
        title="Exact match, F1, precision and recall of answers, supporting facts, and jointly",
        source="Yang et al. 2018, HotpotQA, section 5.2",
        main="f1",
        unit=1,
        compute=compute,
        counts=counts,
        value=mean,
        right=right,
    )
)
