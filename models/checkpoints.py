"""Checkpoints that are complete or not there: a run that was killed goes on from the newest that was marked."""

from __future__ import annotations

import shutil
from pathlib import Path

from gonerd.files import write_json

_COMPLETE = "gonerd-complete.json"


def folder_of(scratch: str | Path, step: int) -> Path:
    """Returns where transformers' Trainer writes the checkpoint of a step."""
    return Path(scratch) / f"checkpoint-{step}"


def mark(checkpoint: Path, step: int) -> None:
    """Says of a checkpoint that all its parts are written."""
    write_json(checkpoint / _COMPLETE, {"step": step})


def newest(scratch: Path) -> Path | None:
    """Returns the newest complete checkpoint."""
    found = [folder for folder in scratch.glob("checkpoint-*") if _is_complete(folder)]
    return max(found, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Returns the step that a checkpoint was written after."""
    return int(checkpoint.name.rpartition("-")[2])


def clear_unfinished(scratch: Path) -> None:
    """Removes what a kill left half-written."""
    for folder in scratch.glob("checkpoint-*"):
        if not _is_complete(folder):
            shutil.rmtree(folder)


def _is_complete(folder: Path) -> bool:
    return (folder / _COMPLETE).is_file()
