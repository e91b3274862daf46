"""MNLI: does the hypothesis follow from the premise, contradict it, or neither?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub

_SPLITS = ("train", "validation_matched", "validation_mismatched", "test_matched", "test_mismatched")

TASKS.register("mnli")(
    GlueTask(
        name="mnli",
        title="MNLI",
        version="1",
        kind="sequence-classification",
        hub=hub("mnli"),
        licence="OANC licence; its fiction as each work states (Williams et al. 2018)",
        source=PAPER,
        metrics=("accuracy",),
        headline=("accuracy",),
        labels=("entailment", "neutral", "contradiction"),
        splits=_SPLITS,
        default_split="validation_matched",
        files={split: (f"{split.replace('validation', 'dev')}.tsv",) for split in _SPLITS},
        columns=Columns(text=("sentence1",), pair=("sentence2",), label=("gold_label",)),
        fields=("premise", "hypothesis"),
    )
)
