"""The last step of every pipeline: it pulls the others, and writes down why they failed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError


class Watch:
    """Consumes what the step before yields, and leaves a note where a task fails.

    Executors hand an exception on in their own ways, and Ray's does not at all.

    Args:
        folder: The stage's folder; notes go to `errors/`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, data: Iterable[Any] | None, rank: int = 0, world_size: int = 1) -> None:
        """Runs the pipeline of one task to its end."""
        note = self.folder / "errors" / f"{rank:05d}.txt"
        try:
            for _ in data or ():
                pass
        except Exception as error:
            note.parent.mkdir(parents=True, exist_ok=True)
            said = str(error) if isinstance(error, GonerdError) else f"unexpected {type(error).__name__}: {error}"
            note.write_text(said + "\n", encoding="utf-8")
            raise
        note.unlink(missing_ok=True)
