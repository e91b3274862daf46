"""Where the work of a replication lies, and where it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.models.save import NOTE
from gonerd.models.teacher import packaged_teacher

from .settings import PACKAGED, SHORT

if TYPE_CHECKING:
    from .config import Replicate


@dataclass(frozen=True)
class Folders:
    """The folders below the working folder.

    Attributes:
        config: The configuration.
        work: The working folder.
    """

    config: Replicate
    work: Path

    def corpus(self, length: int, variant: str | None = None) -> Path:
        """Folder of the text in rows of so many tokens, that of a variant where it has its own."""
        return self.work / f"corpus-{f'{variant}-' if variant else ''}{length}"

    @property
    def short_corpus(self) -> Path:
        """Folder of the text in rows of the encoder's length."""
        return self.corpus(min(SHORT, self.config.max_length))

    @property
    def models(self) -> Path:
        """Folder of models before fine-tuning."""
        return self.work / "models"

    @property
    def tuned(self) -> Path:
        """Folder of fine-tuned models, by task."""
        return self.work / "tuned"

    @property
    def results(self) -> Path:
        """Folder of result files with their predictions."""
        return self.work / "results"

    @property
    def cells(self) -> Path:
        """Folder of what each finished cell was made with."""
        return self.work / "cells"

    def mark(self, cell: str) -> Path:
        """Where it is noted what a cell was made with, once it is done."""
        return self.cells / f"{cell}.json"

    def begun(self, cell: str) -> Path:
        """Where it is noted that this working folder makes a cell, before anything of it is written."""
        return self.mark(cell).with_suffix(".begun")

    def makes(self, cell: str) -> bool:
        """Whether this working folder made the result of a cell, or began to."""
        return self.mark(cell).is_file() or self.begun(cell).is_file()

    def times(self, length: int) -> Path:
        """Folder of a measuring of models that take so many tokens."""
        return self.work / f"times-{length}"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.work / "report"

    @property
    def document(self) -> Path:
        """What the results say."""
        return self.config.document or self.work / "RESULTS.md"

    def note(self, model: str) -> dict[str, Any] | None:
        """Returns the note of a model, None where it is not made yet."""
        path = self.models / model / NOTE
        return dict(read_json(path, f"remove {path.parent}")) if path.is_file() else None


def source_of(model: str) -> str:
    """Returns the folder or hub id of the encoder.

    The packaged one that is not installed keeps its name, so that a dry run needs nothing; loading it says what to do.
    """
    if model != PACKAGED:
        return model
    try:
        return str(packaged_teacher())
    except GonerdError:
        return PACKAGED
