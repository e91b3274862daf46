"""A task of a replication: where its data lie, and how long a cell of it takes."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gonerd.evaluation.entries import Entry
from gonerd.evaluation.places import Place
from gonerd.evaluation.run import RunSettings
from gonerd.evaluation.tasks import TASKS


class TaskSettings(Entry):
    """An entry of data with the budget of its cells.

    Attributes:
        train_limit: Fine-tune on the first examples only.
        limit: Score the first examples only.
        max_length: Longest window; the model's when None.
        stride: Tokens that windows share.
        after: Task before this one, from whose fine-tuned model that of this one begins.
    """

    train_limit: int | None = Field(None, ge=1)
    limit: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=8)
    stride: int | None = Field(None, ge=1)
    after: str | None = None

    @property
    def entry(self) -> Entry:
        """What it says of the data alone."""
        return Entry.model_validate({name: getattr(self, name) for name in Entry.model_fields})

    def place(self, name: str, root: Path) -> Place:
        """Returns the task with its data below a root."""
        folder = None if self.data_dir is None else root / Path(self.data_dir).expanduser()
        return Place(name, TASKS.get(self.task or name), folder, self.entry)

    def run_settings(self, seed: int, longest: int, bf16: bool | None = None) -> RunSettings:
        """Returns how a cell of a model that takes `longest` tokens is run."""
        length = longest if self.max_length is None else min(self.max_length, longest)
        return RunSettings(
            max_length=length,
            stride=self.stride,
            limit=self.limit,
            seed=seed,
            train_limit=self.train_limit,
            bf16=bf16,
        )
