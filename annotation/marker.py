"""A layer's marker file: how the layer was made, and whether it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.tables import shards

MARKER = "layer.json"


def check_complete(layer: Path) -> dict[str, Any]:
    """Returns a layer's marker file.

    Raises:
        GonerdError: The folder is no layer, or an annotation run has not finished.
    """
    shards(layer, "annotation layer")
    marker: dict[str, Any] = read_json(layer / MARKER, "make the layer with `gonerd annotate run`")
    if not marker.get("complete"):
        raise GonerdError(f"{layer}: the annotation run has not finished; run the same command again to continue")
    return marker


def check_settings(out: Path, settings: dict[str, Any], most: int | None) -> None:
    """Checks that a run may write into a folder, and removes what a killed one left half-written.

    Args:
        out: Folder of the layer, locked.
        settings: What the layer records of the run.
        most: Number of documents that the run will annotate, where it is limited.

    Raises:
        GonerdError: It holds something else, a layer made with other settings, or a longer one.
    """
    for leftover in out.glob(".*.part"):
        leftover.unlink()  # of a run that was killed while it wrote; the lock says that nobody writes now
    if most is not None and sum(map(_documents, out.glob("part-*.parquet"))) > most:
        raise GonerdError(f"{out}: this layer holds more documents than --limit allows; choose another --out")
    if not (out / MARKER).exists():
        strangers = [path.name for path in out.iterdir() if path.name != ".lock"]
        if strangers:
            raise GonerdError(f"{out}: already holds {strangers[0]} and no annotation layer; choose another --out")
        return
    before = read_json(out / MARKER, "remove the folder and annotate again")
    for key, value in settings.items():
        if before.get(key) != value:
            raise GonerdError(
                f"{out}: this layer was made with {key} {before.get(key)!r}, not {value!r}; choose another --out"
            )


def _documents(shard: Path) -> int:
    """Returns how many documents a shard holds; none where it was cut short, since it is made again."""
    try:
        return int(pq.read_metadata(shard).num_rows)
    except (pa.ArrowInvalid, OSError):
        return 0
