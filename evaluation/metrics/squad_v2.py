"""SQuAD 2.0: exact match and F1 with questions that have no answer, and the best threshold for answering none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import METRICS, Counts, Metric
from ._answers import exactly, overlap, squad_normalized
from ._means import mean, summed


class Guess(NamedTuple):
    """A predicted answer.

    Attributes:
        text: The answer; empty for none, None where the prediction is missing.
        no_answer: Score of there being none, the higher the likelier; None where the model gives no such score.
        refused: Whether that score is above the threshold, so that the text does not count as an answer.
    """

    text: str | None
    no_answer: float | None = None
    refused: bool = False


Gold = tuple[str, ...]


def score(gold: Gold, predicted: Guess) -> tuple[float, float]:
    """Scores one answer, or its refusal; a missing one is wrong.

    Returns:
        Exact match and F1, 0 to 1.
    """
    if predicted.text is not None and predicted.refused:
        return (0.0, 0.0) if answerable(gold) else (1.0, 1.0)
    return unthresholded(gold, predicted)


def unthresholded(gold: Gold, predicted: Guess) -> tuple[float, float]:
    """Scores one answer whatever its no-answer score."""
    if predicted.text is None:
        return 0.0, 0.0
    truths = [text for text in map(squad_normalized, gold) if text] or [""]
    guess = squad_normalized(predicted.text)
    exact = float(guess in truths)
    if not guess or truths == [""]:
        return exact, exact
    return exact, max(overlap(guess.split(), truth.split())[0] for truth in truths)


def answerable(gold: Gold) -> bool:
    """Whether a question has an answer."""
    return bool(gold)


def compute(gold: Sequence[Gold], predicted: Sequence[Guess]) -> dict[str, float]:
    """Scores answers, in percent: all, those to questions with and without answer, and at the best thresholds."""
    scores = [score(a, b) for a, b in zip(gold, predicted, strict=True)]
    found = _means("", scores)
    for prefix, wanted in (("HasAns_", True), ("NoAns_", False)):
        part = [pair for pair, answers in zip(scores, gold, strict=True) if answerable(answers) is wanted]
        if part:
            found |= _means(prefix, part)
    if any(guess.no_answer is not None for guess in predicted):
        raw = [unthresholded(a, b) for a, b in zip(gold, predicted, strict=True)]
        for column, name in enumerate(("exact", "f1")):
            best, threshold = best_threshold(gold, predicted, [pair[column] for pair in raw])
            found |= {f"best_{name}": best, f"best_{name}_thresh": threshold}
    return found


def _means(prefix: str, scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    exact, f1 = (100 * sum(column) / len(scores) for column in zip(*scores, strict=True))
    return {f"{prefix}exact": exact, f"{prefix}f1": f1, f"{prefix}total": len(scores)}


def best_threshold(gold: Sequence[Gold], predicted: Sequence[Guess], scores: Sequence[float]) -> tuple[float, float]:
    """Finds the no-answer score above which answering none is best.

    Starting from no answer at all, questions are answered one by one in the order of their no-answer score. As in the
    official scorer, those of equal score are taken in turn and not at once.

    Args:
        gold: Accepted answers.
        predicted: Predicted answers.
        scores: Score of each predicted answer, 0 to 1.

    Returns:
        The best mean score in percent, and the threshold; 0 where answering nothing is best.
    """
    now = best = float(sum(not answerable(answers) for answers in gold))
    threshold = 0.0
    for i in sorted(range(len(scores)), key=lambda i: predicted[i].no_answer or 0.0):
        if predicted[i].text is None:
            continue
        now += scores[i] if answerable(gold[i]) else -1.0 if predicted[i].text else 0.0
        if now > best:
            best, threshold = now, predicted[i].no_answer or 0.0
    return 100 * best / len(scores), threshold


def counts(gold: Sequence[Gold], predicted: Sequence[Guess]) -> Counts:
    """Returns (F1, 1) of each question."""
    return summed([score(a, b)[1] for a, b in zip(gold, predicted, strict=True)])


METRICS.register("squad_v2")(
    Metric(
        name="squad_v2",
        title="Exact match and F1 with unanswerable questions, best threshold",
        source="Rajpurkar et al. 2018, SQuAD 2.0, sections 4 and 5",
        main="f1",
        unit=100,
        compute=compute,
        counts=counts,
        value=mean,
        right=exactly(score),
    )
)
