"""SST-2: is a phrase from a film review negative or positive?"""

from __future__ import annotations

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, hub, tsv

TASKS.register("sst2")(
    GlueTask(
        name="sst2",
        title="SST-2",
        version="1",
        kind="sequence-classification",
        hub=hub("sst2"),
        licence="not stated (Socher et al. 2013)",
        source=PAPER,
        metrics=("accuracy",),
        headline=("accuracy",),
        labels=("negative", "positive"),
        files=tsv(),
        columns=Columns(text=("sentence",)),
        fields=("sentence",),
    )
)
