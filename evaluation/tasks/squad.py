"""SQuAD 1.1: questions about paragraphs of Wikipedia, each answered by a span."""

from __future__ import annotations

from . import TASKS, Hub
from ._squad import SquadTask

TASKS.register("squad")(
    SquadTask(
        name="squad",
        title="SQuAD 1.1",
        version="1",
        hub=Hub("rajpurkar/squad", revision="7b6d24c440a36b6815f21b70d25016731768db1f"),
        licence="CC BY-SA 4.0",
        source="Rajpurkar et al. 2016, SQuAD (arXiv:1606.05250)",
        metrics=("squad_v1",),
        headline=("squad_v1",),
        files={"train": ("train-v1.1.json",), "validation": ("dev-v1.1.json", "squadshifts_*.jsonl")},
    )
)
