"""QQP: do two questions ask the same?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub, tsv

TASKS.register("qqp")(
    GlueTask(
        name="qqp",
        title="QQP",
        version="1",
        kind="sequence-classification",
        hub=hub("qqp"),
        licence="not stated; non-commercial use (Quora)",
        source=PAPER,
        metrics=("accuracy", "f1"),
        headline=("accuracy", "f1"),
        labels=("not_duplicate", "duplicate"),
        files=tsv(),
        columns=Columns(text=("question1",), pair=("question2",), label=("is_duplicate",), id=("id",)),
        fields=("question1", "question2"),
    )
)
