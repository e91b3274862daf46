"""QNLI: does the sentence answer the question?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub, tsv

TASKS.register("qnli")(
    GlueTask(
        name="qnli",
        title="QNLI",
        version="1",
        kind="sequence-classification",
        hub=hub("qnli"),
        licence="CC BY-SA 4.0 (from SQuAD)",
        source=PAPER,
        metrics=("accuracy",),
        headline=("accuracy",),
        labels=("entailment", "not_entailment"),
        files=tsv(),
        columns=Columns(text=("question",), pair=("sentence",)),
        fields=("question", "sentence"),
    )
)
