"""conlleval, the script of the shared tasks, for comparison with published numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from . import METRICS, Metric, Tagged
from ._mentions import pair
from .exact_spans import by_label


def compute(gold: Sequence[Tagged], predicted: Sequence[Tagged]) -> dict[str, Any]:
    """Scores tags in percent: accuracy of tokens, precision, recall and FB1 of chunks, all and by type."""
    scores = by_label(pair(gold, predicted, strict=False))
    micro = scores.pop("micro")
    truth, guess = (
        list(chain.from_iterable(chain.from_iterable(i.sentences for i in side))) for side in (gold, predicted)
    )
    same = sum(a == b for a, b in zip(truth, guess, strict=True))
    return {
        "FB1": 100 * micro.f1,
        "precision": 100 * micro.precision,
        "recall": 100 * micro.recall,
        "accuracy": 100 * same / len(truth) if truth else 0.0,
        "types": {label: 100 * score.f1 for label, score in scores.items()},
    }


METRICS.register("conlleval")(
    Metric(
        name="conlleval",
        title="conlleval's FB1 and token accuracy, for comparison",
        source="Tjong Kim Sang and Buchholz 2000, CoNLL-2000, section 4",
        main="FB1",
        unit=100,
        compute=compute,
    )
)
