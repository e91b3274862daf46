"""What the reference work published, beside what was measured here, and how the two settings differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .figures import NONE, interval, share
from .pairing import Compared

SOURCE = "Efficient Transformer Knowledge Distillation: A Performance Review (arXiv:2311.13657)"
SETTING = (
    "four pairs (Longformer, Big Bird, LSG, Nystromformer) of RoBERTa-base size at 4,096 tokens; students with half "
    "the layers, distilled on about 19 GB of text, then fine-tuned on each task"
)


@dataclass(frozen=True)
class Published:
    """A headline number of the reference.

    Attributes:
        what: What it says.
        group: Group of tasks; None for times.
        statistic: "most" over pairs and lengths, or "mean".
        value: The number, 0 to 1.
        tasks: What it was measured on.
    """

    what: str
    group: str | None
    statistic: str
    value: float
    tasks: str


REFERENCE = (
    Published("short-context score kept, at most", "short", "most", 0.986, "GLUE, SQuAD, CoNLL-2003"),
    Published("long-context answers kept, at most", "long-qa", "most", 0.946, "HotpotQA, TriviaQA"),
    Published("long-context entities kept, at most", "long-ner", "most", 0.988, "GONERD"),
    Published("inference time saved, on average", None, "mean", 0.452, "the long-context models"),
    Published("inference time saved, at most", None, "most", 0.578, "the long-context models"),
)


def published_rows(compared: Sequence[Compared], times: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Returns one row a published number, a column a pair.

    Args:
        compared: The pairs.
        times: What `gonerd.evaluation.compare.kept.saved` says of each, None where no times are there.
    """
    rows = []
    for number in REFERENCE:
        row: dict[str, Any] = {"what": number.what, "published": share(number.value), "on": number.tasks}
        for pair, saved in zip(compared, times, strict=True):
            row[f"{pair.student} here"] = _ours(number, pair, saved)
        rows.append(row)
    return rows


def _ours(number: Published, pair: Compared, saved: dict[str, Any] | None) -> str:
    if number.group is None:
        return share(saved["time_saved"][number.statistic]) if saved else NONE
    group = pair.averages.get(number.group)
    if group is None or group["kept"] is None:
        return NONE
    tasks = ", ".join(sorted({c.task for c, found in pair.tasks.items() if found["group"] == number.group}))
    ends = interval((group.get("intervals") or {}).get("kept"))
    return f"{share(group['kept'])} ({'; '.join(filter(None, (ends, tasks)))})"
