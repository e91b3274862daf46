"""WNLI: does the pronoun mean what the second sentence puts in its place?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub, tsv

TASKS.register("wnli")(
    GlueTask(
        name="wnli",
        title="WNLI",
        version="1",
        kind="sequence-classification",
        hub=hub("wnli"),
        licence="CC BY 4.0 (Levesque et al. 2012)",
        source=PAPER,
        metrics=("accuracy",),
        headline=("accuracy",),
        labels=("not_entailment", "entailment"),
        files=tsv(),
        columns=Columns(text=("sentence1",), pair=("sentence2",)),
        fields=("sentence1", "sentence2"),
    )
)
