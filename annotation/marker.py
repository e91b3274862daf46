"""A layer's marker file: how the layer was made, and whether it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
