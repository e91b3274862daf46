"""MRPC: do two sentences say the same?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub

TASKS.register("mrpc")(
    GlueTask(
        name="mrpc",
        title="MRPC",
        version="1",
        kind="sequence-classification",
        hub=hub("mrpc"),
        licence="not stated (Dolan and Brockett 2005)",
        source=PAPER,
        metrics=("accuracy", "f1"),
        headline=("accuracy", "f1"),
        labels=("not_equivalent", "equivalent"),
        # The original distribution calls its files msr_paraphrase_*.txt; there the test file has labels, and no file is
        # for validation: GLUE took that part from train.
        files={
            "train": ("train.tsv", "msr_paraphrase_train.txt"),
            "validation": ("dev.tsv",),
            "test": ("msr_paraphrase_test.txt", "test.tsv"),
        },
        columns=Columns(text=("#1 String",), pair=("#2 String",), label=("Quality",)),
        fields=("sentence1", "sentence2"),
    )
)
