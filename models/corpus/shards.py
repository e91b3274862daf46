"""Rows of tokens on disk: Arrow streams, which `datasets` maps into memory as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gonerd.files import new_file

SPLITS = ("train", "held-out")


def shard_path(folder: Path, split: str, index: int) -> Path:
    """Returns where a shard of a split stands."""
    return folder / f"{split}-{index:05d}.arrow"


def write_rows(path: Path, rows: Sequence[tuple[Any, Any]], vocabulary: int) -> None:
    """Writes a shard.

    Args:
        path: Where to.
        rows: (ids, starts) each; columns `input_ids`, in 16 bits where the vocabulary allows, and `word_starts`.
        vocabulary: Number of ids.
    """
    kind = pa.uint16() if vocabulary <= 1 << 16 else pa.uint32()
    offsets = np.cumsum([0, *(len(ids) for ids, _ in rows)], dtype=np.int32)
    ids = pa.array(np.concatenate([ids for ids, _ in rows]).astype(kind.to_pandas_dtype()))
    starts = pa.array(np.concatenate([starts for _, starts in rows]))
    columns = [pa.ListArray.from_arrays(offsets, values) for values in (ids, starts)]
    table = pa.table(columns, names=["input_ids", "word_starts"])
    with (
        new_file(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def facts_of(path: Path) -> dict[str, Any]:
    """Returns rows, tokens and hash of a shard."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all()
        rows, tokens = table.num_rows, sum(len(chunk.values) for chunk in table["input_ids"].chunks)
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return {"file": path.name, "rows": rows, "tokens": tokens, "sha256": digest}
