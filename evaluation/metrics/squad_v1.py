"""SQuAD 1.1: exact match and F1 against the best of several accepted answers."""

from __future__ import annotations

from . import METRICS
from ._answers import answer_metric, squad_normalized

METRICS.register("squad_v1")(
    answer_metric(
        "squad_v1",
        "Exact match and F1 of answers",
        "Rajpurkar et al. 2016, SQuAD, section 6.1",
        squad_normalized,
    )
)
