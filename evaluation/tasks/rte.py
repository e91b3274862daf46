"""RTE: does the second text follow from the first?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub, tsv

TASKS.register("rte")(
    GlueTask(
        name="rte",
        title="RTE",
        version="1",
        kind="sequence-classification",
        hub=hub("rte"),
        licence="not stated (Dagan et al. 2005 and later challenges)",
        source=PAPER,
        metrics=("accuracy",),
        headline=("accuracy",),
        labels=("entailment", "not_entailment"),
        files=tsv(),
        columns=Columns(text=("sentence1",), pair=("sentence2",)),
        fields=("sentence1", "sentence2"),
    )
)
