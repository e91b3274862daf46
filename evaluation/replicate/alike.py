"""Whether results of a task stand beside each other in one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gonerd.errors import GonerdError
from gonerd.evaluation.compare.counts import Kept

from .publish import PASSES

_TOLD = {
    "learning_rate": "learning rates",
    "batch_size": "batch sizes",
    "weight_decay": "weight decays",
    "documents": "training examples",
    "data_sha256": "training data",
}
_ALIKE = ("versions of the task", "examples", "documents", *_TOLD.values(), "epochs")


def check_alike(runs: Sequence[Kept]) -> None:
    """Refuses results of a task that are of other examples, or of another fine-tuning.

    A student that was taught in several passes is held against the others by what a single one of them was.

    Raises:
        GonerdError: Two of them differ; the message names both files and what differs.
    """
    for run in runs[1:]:
        for what, theirs, ours in zip(_ALIKE, _settings(run), _settings(runs[0]), strict=True):
            if theirs != ours:
                raise _refusal(f"{run.path} and {runs[0].path}: {what} differ ({theirs!r} and {ours!r})")
    steps: dict[Any, int] = {}
    for run in runs:
        told = run.result.training
        if "steps" not in told:
            continue
        found, length = math.ceil(told["steps"] / passes(run)), told.get("max_length")
        if steps.setdefault(length, found) != found:
            what = f"was fine-tuned in {found} steps and others of its windows in {steps[length]}"
            raise _refusal(f"{run.path}: {what}")


def passes(run: Kept) -> int:
    """Returns how many times the epochs of its task a model was meant to read."""
    return int(run.result.training.get(PASSES, 1))


def _settings(run: Kept) -> tuple[Any, ...]:
    result, training = run.result, run.result.training
    data = (result.dataset.sha256, result.counts.scored)
    epochs = training["epochs"] / passes(run) if "epochs" in training else None
    return (result.task.version, data, run.documents, *(training.get(name) for name in _TOLD), epochs)


def _refusal(what: str) -> GonerdError:
    return GonerdError(f"{what}, so they do not stand in one table; run `gonerd evaluate replicate --redo`")
