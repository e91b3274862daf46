"""TriviaQA: exact match and F1 against the best of all aliases."""

from __future__ import annotations

from . import METRICS
from ._answers import answer_metric, triviaqa_normalized

METRICS.register("triviaqa")(
    answer_metric(
        "triviaqa",
        "Exact match and F1 of answers, all aliases",
        "Joshi et al. 2017, TriviaQA, section 6",
        triviaqa_normalized,
    )
)
