"""Counts of a score by document, kept beside a result: enough to compare it, without texts or answers.

`NAME.counts.parquet` holds a row a document in the order of the split, and a column a count of a headline metric. The
documents' names are not in it, only a hash of all of them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError
from gonerd.evaluation.metrics import METRICS, Counts
from gonerd.evaluation.schema import ScoresResult, read_result
from gonerd.evaluation.scoring import Matched
from gonerd.files import existing, new_file

from .statistic import Statistic

SUFFIX = ".counts.parquet"
_REMEDY = "run again what wrote it"


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


def write_counts(path: Path, statistic: Statistic, counts: Counts, matched: Matched) -> None:
    """Writes the counts of a result beside it.

    Args:
        path: The result file.
        statistic: The score as a function of sums.
        counts: By document [documents, counts].
        matched: What they were counted over.
    """
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
        "documents_sha256": _hash(matched),
    }
    table = pa.table({name: column.astype(kind) for name, column in zip(names, counts.T, strict=True)})
    with new_file(_beside(path)) as temporary:
        described = table.replace_schema_metadata({"gonerd": json.dumps(told)})
        pq.write_table(described, temporary, compression="zstd", write_statistics=False)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}{SUFFIX}")


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
    beside = existing(_beside(path), "file of counts", _REMEDY)
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
