"""TriviaQA, web: questions about documents of the web, each document by itself."""

from __future__ import annotations

from . import TASKS
from ._triviaqa import LICENCE, PAPER, TriviaQaTask, hub

TASKS.register("triviaqa_web")(
    TriviaQaTask(
        name="triviaqa_web",
        title="TriviaQA (web)",
        version="1",
        hub=hub("rc.web"),
        licence=LICENCE,
        source=PAPER,
        metrics=("triviaqa",),
        headline=("triviaqa",),
        splits=("train", "validation", "verified"),
        files={
            "train": ("qa/web-train.json",),
            "validation": ("qa/web-dev.json",),
            "verified": ("qa/verified-web-dev.json",),
        },
        per_document=True,
    )
)
