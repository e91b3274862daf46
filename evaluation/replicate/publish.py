"""What of a result may be kept in public: scores, and counts by document to draw samples from; no text, no answer.

A prediction of an answer is a piece of somebody's text, so predictions stay in the working folder. What comparing needs
of them are the counts of the headline metrics, summed by document (`gonerd.evaluation.compare.counts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonerd.evaluation.compare.counts import write_counts
from gonerd.evaluation.compare.statistic import counted
from gonerd.evaluation.results import read_scored
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.tasks import TASKS
from gonerd.files import write_text

# What a note says of a fine-tuning that readers of a table ask for; the rest names folders.
_TRAINING = (
    *("documents", "windows", "steps", "epochs", "learning_rate", "batch_size", "weight_decay", "warmup"),
    *("max_length", "stride", "loss", "history", "best_epoch", "metric", "score", "distill_weight", "temperature"),
    *("state_losses", "begun_from_sha256", "teacher_sha256", "examples_set_aside"),
)


BASE = ("weights_sha256", "config_sha256")  # what tells the model that was fine-tuned from another of its name
PASSES = "passes"  # how many times the epochs of its task, where not once


def publish(path: Path, out: Path, model: str, more: Mapping[str, Any] | None = None) -> None:
    """Writes what may be kept of a result.

    Args:
        path: The result file, its predictions beside it.
        out: Folder of what is kept.
        model: What to call the model's folder.
        more: What else to state of the fine-tuning.

    Raises:
        GonerdError: The predictions are missing or malformed.
    """
    scored = read_scored(path)
    statistic, counts = counted(TASKS.get(scored.result.task.name), scored.matched)
    (out / path.name).unlink(missing_ok=True)  # an earlier one must not stand beside the counts of this one
    write_counts(out / path.name, statistic, counts, scored.matched)
    value = scored.result.model_dump(mode="json")
    value["model"]["path"] = model
    value["predictions"] = None
    value["dataset"]["asked_for"] = None if scored.result.dataset.files else value["dataset"]["asked_for"]
    told = value["training"]
    data = {"data_sha256": told["dataset"]["sha256"]} if "dataset" in told else {}
    value["training"] = {name: told[name] for name in _TRAINING if name in told} | data | dict(more or {})
    write_text(out / path.name, ScoresResult.model_validate(value).model_dump_json(indent=2) + "\n")
