"""TriviaQA, Wikipedia: questions about pages of Wikipedia, all pages of a question together."""

from __future__ import annotations

from . import TASKS
from ._triviaqa import LICENCE, PAPER, TriviaQaTask, hub

TASKS.register("triviaqa_wikipedia")(
    TriviaQaTask(
        name="triviaqa_wikipedia",
        title="TriviaQA (Wikipedia)",
        version="1",
        hub=hub("rc.wikipedia"),
        licence=LICENCE,
        source=PAPER,
        metrics=("triviaqa",),
        headline=("triviaqa",),
        splits=("train", "validation", "verified"),
        files={
            "train": ("qa/wikipedia-train.json",),
            "validation": ("qa/wikipedia-dev.json",),
            "verified": ("qa/verified-wikipedia-dev.json",),
        },
        per_document=False,
    )
)
