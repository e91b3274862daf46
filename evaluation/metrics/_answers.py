"""Answers compared as strings: normalisation, exact match and the overlap of tokens, as the official scorers do it."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import Counts, Metric
from ._means import mean, summed

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_DROPPED = str.maketrans("", "", string.punctuation)
_BLANKED = {ord(mark): " " for mark in string.punctuation + "‘’´`"}

Normalize = Callable[[str], str]


def squad_normalized(text: str) -> str:
    """Lower-cases, drops punctuation and articles, evens out white space (Rajpurkar et al. 2016, section 6.1)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_DROPPED)).split())


def triviaqa_normalized(text: str) -> str:
    """The same for TriviaQA: underscores and punctuation, four more quotation marks among it, become blanks."""
    return " ".join(_ARTICLES.sub(" ", text.replace("_", " ").lower().translate(_BLANKED)).split())


def overlap(predicted: Sequence[str], gold: Sequence[str]) -> tuple[float, float, float]:
    """Compares two answers as bags of tokens.

    Returns:
        F1, precision and recall; all 0 where no token is shared.
    """
    shared = (Counter(predicted) & Counter(gold)).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return 2 * precision * recall / (precision + recall), precision, recall


def best_of(predicted: str, accepted: Iterable[str], normalized: Normalize) -> tuple[float, float]:
    """Compares an answer with every accepted one.

    Returns:
        The best exact match (0 or 1) and the best F1, not necessarily of the same accepted answer.
    """
    guess = normalized(predicted)
    tokens = guess.split()
    truths = [normalized(answer) for answer in accepted]
    exact = float(any(guess == truth for truth in truths))
    return exact, max((overlap(tokens, truth.split())[0] for truth in truths), default=0.0)


def exactly(score: Callable[[Any, Any], tuple[float, float]]) -> Callable[[Any, Any], frozenset[str]]:
    """Makes `Metric.right` from a scorer of (exact match, F1)."""
    return lambda gold, predicted: frozenset({"answer"}) if score(gold, predicted)[0] else frozenset()


def answer_metric(name: str, title: str, source: str, normalized: Normalize) -> Metric:
    """Makes the metric of a reading-comprehension task: exact match and F1 in percent, each the best of all answers.

    Args:
        name: Its name.
        title: What it is.
        source: Where it is defined.
        normalized: How answers are normalised before they are compared.

    Returns:
        A metric of accepted answers (tuples) and predicted ones; a missing one (None) is wrong.
    """

    def score(gold: tuple[str, ...], predicted: str | None) -> tuple[float, float]:
        return (0.0, 0.0) if predicted is None else best_of(predicted, gold, normalized)

    def scores(gold: Sequence[tuple[str, ...]], predicted: Sequence[str | None]) -> list[tuple[float, float]]:
        return [score(a, b) for a, b in zip(gold, predicted, strict=True)]

    def compute(gold: Sequence[tuple[str, ...]], predicted: Sequence[str | None]) -> dict[str, float]:
        exact, f1 = zip(*scores(gold, predicted), strict=True)
        return {"exact_match": 100 * sum(exact) / len(exact), "f1": 100 * sum(f1) / len(f1)}

    def counts(gold: Sequence[tuple[str, ...]], predicted: Sequence[str | None]) -> Counts:
        return summed([f1 for _, f1 in scores(gold, predicted)])

    return Metric(
        name=name,
        title=title,
        source=source,
        main="f1",
        unit=100,
        compute=compute,
        counts=counts,
        value=mean,
        right=exactly(score),
    )
