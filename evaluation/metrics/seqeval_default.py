"""seqeval's default, for comparison with published numbers: an `I-` that continues nothing begins a mention."""

from __future__ import annotations

from collections.abc import Sequence

from . import METRICS, Metric, Tagged
from ._mentions import pair
from .exact_spans import by_label


def compute(gold: Sequence[Tagged], predicted: Sequence[Tagged]) -> dict[str, float]:
    """Scores tags as `seqeval.metrics.f1_score` does when no mode is named, micro average, 0 to 1."""
    micro = by_label(pair(gold, predicted, strict=False))["micro"]
    return {"f1": micro.f1, "precision": micro.precision, "recall": micro.recall}


METRICS.register("seqeval_default")(
    Metric(
        name="seqeval_default",
        title="seqeval's default F1, for comparison",
        source="seqeval 1.2.2, mode=None",
        main="f1",
        unit=1,
        compute=compute,
    )
)
