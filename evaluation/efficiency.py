"""Time and memory of models side by side: in turn, warm, synchronised, each cell in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.files import write_json
from gonerd.progress import track

from .environment import environment
from .naming import check_names, model_name

LENGTHS = (512, 1024, 2048, 4096)


def measure_efficiency(
    models: Sequence[str | Path],
    out: Path,
    lengths: Sequence[int] = LENGTHS,
    batches: Sequence[int] = (1,),
    repeats: int = 5,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Measures every model at every length and batch size and writes `OUT/efficiency.json`.

    The models take turns within each length, so that a drift of the machine meets them alike.

    Args:
        models: Folders or hub ids.
        out: Folder of the results.
        lengths: Tokens in a sequence.
        batches: Sequences in a batch.
        repeats: Timed passes in a cell.
        seed: Seed of the random token ids.

    Returns:
        One dictionary a cell (see `gonerd.evaluation.cell.measure`), with the model's name.

    Raises:
        UsageError: A name occurs twice, or there is nothing to measure.
        GonerdError: A cell's process failed.
    """
    names = [model_name(model) for model in models]
    if not names or not lengths or not batches:
        raise UsageError("efficiency needs at least one model, one length and one batch size")
    check_names(names)
    plan = [
        (name, {"model_or_id": str(model), "length": length, "batch": batch, "repeats": repeats, "seed": seed})
        for batch in batches
        for length in lengths
        for name, model in zip(names, models, strict=True)
    ]
    cells = [{"model": name, **_run_cell(settings)} for name, settings in track(plan, "measure")]
    result = {"kind": "efficiency", "seed": seed, "cells": cells}
    write_json(out / "efficiency.json", {**result, "environment": environment()})
    return cells


def _run_cell(settings: dict[str, Any]) -> dict[str, Any]:
    # -P: a folder called gonerd in the working directory must not stand in for the installed package.
    command = [sys.executable, "-P", "-m", "gonerd.evaluation.cell", json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["killed, most likely for memory"]
        raise GonerdError(
            f"{settings['model_or_id']} at {settings['length']} tokens x {settings['batch']}: {lines[-1]} "
            f"(exit code {done.returncode})"
        )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
