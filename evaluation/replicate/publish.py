"""What of a result may be kept in public: scores, and counts by document to draw samples from; no text, no answer.

A prediction of an answer is a piece of somebody's text, so predictions stay in the working folder. What comparing needs
of them are the counts of the headline metrics, summed by document: `NAME.counts.parquet`, a row a document in the order
of the split, a column a count. The documents' names are not in it, only a hash of all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError
from gonerd.evaluation.compare.statistic import Statistic, counted
from gonerd.evaluation.metrics import METRICS, Counts
from gonerd.evaluation.results import read_scored
from gonerd.evaluation.schema import ScoresResult, read_result
from gonerd.evaluation.scoring import Matched
from gonerd.evaluation.tasks import TASKS
from gonerd.files import existing, new_file, write_text

SUFFIX = ".counts.parquet"
_REMEDY = "run `gonerd evaluate replicate` again"
# What a note says of a fine-tuning that readers of a table ask for; the rest names folders.
_TRAINING = (
    *("documents", "windows", "steps", "epochs", "learning_rate", "batch_size", "weight_decay", "warmup"),
    *("max_length", "stride", "loss", "history", "best_epoch", "metric", "score", "distill_weight", "temperature"),
    *("state_losses", "begun_from_sha256", "teacher_sha256", "examples_set_aside"),
)


BASE = ("weights_sha256", "config_sha256")  # what tells the model that was fine-tuned from another of its name


@dataclass(frozen=True)
class Kept:
    """A result as it is kept.

    Attributes:
        path: Its file.
        result: What it says.
        statistic: The score as a function of sums.
        counts: By document [documents, counts].
        documents: Hash of the documents' names, in order.
    """

    path: Path
    result: ScoresResult
    statistic: Statistic
    counts: Counts
    documents: str


def publish(path: Path, out: Path, model: str, base: Mapping[str, Any] | None = None) -> None:
    """Writes what may be kept of a result.

    Args:
        path: The result file, its predictions beside it.
        out: Folder of what is kept.
        model: What to call the model's folder.
        base: What else to state of the model that was fine-tuned.

    Raises:
        GonerdError: The predictions are missing or malformed.
    """
    scored = read_scored(path)
    statistic, counts = counted(TASKS.get(scored.result.task.name), scored.matched)
    (out / path.name).unlink(missing_ok=True)  # an earlier one must not stand beside the counts of this one
    _write_counts(out / f"{path.stem}{SUFFIX}", statistic, counts, _hash(scored.matched))
    value = scored.result.model_dump(mode="json")
    value["model"]["path"] = model
    value["predictions"] = None
    value["dataset"]["asked_for"] = None if scored.result.dataset.files else value["dataset"]["asked_for"]
    told = value["training"]
    data = {"data_sha256": told["dataset"]["sha256"]} if "dataset" in told else {}
    value["training"] = {name: told[name] for name in _TRAINING if name in told} | data | dict(base or {})
    write_text(out / path.name, ScoresResult.model_validate(value).model_dump_json(indent=2) + "\n")


def _write_counts(path: Path, statistic: Statistic, counts: Counts, documents: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [
        f"{metric.name}.{i}"
        for metric, width in zip(statistic.metrics, statistic.widths, strict=True)
        for i in range(width)
    ]
    # Moments need no more digits than the sixth for an interval of three.
    kind = np.int32 if (counts == np.round(counts)).all() else np.float32
    told = {
        "metrics": [metric.name for metric in statistic.metrics],
        "widths": list(statistic.widths),
        "documents_sha256": documents,
    }
    table = pa.table({name: column.astype(kind) for name, column in zip(names, counts.T, strict=True)})
    with new_file(path) as temporary:
        described = table.replace_schema_metadata({"gonerd": json.dumps(told)})
        pq.write_table(described, temporary, compression="zstd", write_statistics=False)


def _hash(matched: Matched) -> str:
    documents = list(dict.fromkeys(matched.documents))
    return hashlib.sha256(json.dumps(documents).encode()).hexdigest()


def read_kept(path: Path) -> Kept:
    """Reads a result that was kept, with its counts.

    Raises:
        GonerdError: Either is missing or malformed, or the two disagree.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    result = read_result(path)
    if not isinstance(result, ScoresResult):
        raise GonerdError(f"{path}: holds times, and scores are read here; {_REMEDY}")
    beside = existing(path.with_name(f"{path.stem}{SUFFIX}"), "file of counts", _REMEDY)
    try:
        table = pq.read_table(beside)
        told: dict[str, Any] = json.loads((table.schema.metadata or {})[b"gonerd"])
        metrics = tuple(METRICS.get(name) for name in told["metrics"])
        statistic = Statistic(metrics, tuple(told["widths"]))
        counts = np.column_stack([column.to_numpy().astype(float) for column in table.columns])
        documents = str(told["documents_sha256"])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise GonerdError(f"{beside}: holds no counts of documents ({error}); {_REMEDY}") from error
    if abs(float(statistic(counts.sum(0))) - result.score) > 1e-5:
        raise GonerdError(f"{beside}: its counts give another score than {path.name} states; {_REMEDY}")
    return Kept(path, result, statistic, counts, documents)
