"""What reads drafts anew after learning from review, and where a pipeline's folder keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gonerd.errors import needs_extra

from .draft import Draft
from .encoder import FOLDER, WEIGHTS
from .reader import FILE, NAME, Reader


class AnyReader(Protocol):
    """Replaces the mentions of a settled draft by what it has learned to see there."""

    def read(self, draft: Draft) -> None:
        """Replaces a draft's mentions."""


def reader_in(folder: Path, pipeline: str = "") -> AnyReader | None:
    """Returns the reader that lies in the folder of a pipeline, None where there is none.

    Args:
        folder: The pipeline's.
        pipeline: Its name and version, for the provenance of what the reader finds.

    Raises:
        GonerdError: It cannot be opened, or a package that it needs is not installed.
    """
    source = f"{NAME} of {pipeline}" if pipeline else NAME
    if (folder / FOLDER / WEIGHTS).exists():
        with needs_extra("models"):
            from .encoder.store import load
        return load(folder / FOLDER, source)
    if (folder / FILE).exists():
        return Reader.load(folder / FILE, source)
    return None
