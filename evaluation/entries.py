"""A task in a YAML file of data."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .document_splits import DocumentSplit
from .split_parts import PART


class Entry(BaseModel):
    """A task in a YAML file of data: where its files lie, and what differs from their original layout."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str | None = Field(None, description="Name of the task; that of the entry when left out.")
    data_dir: str | None = Field(None, description="Folder of its files, below data_root; the hub when left out.")
    revision: str | None = Field(None, description="Commit of the hub's dataset.")
    split: str | None = Field(None, description="Split to score.")
    files: dict[str, str] = Field({}, description="From split to the name of its file, where that is another one.")
    splits: dict[str, str] = Field({}, description='From split to a part of one, as "validation[80%:]".')
    split_by_document: DocumentSplit | None = Field(
        None, description="Parts drawn by document with a seed: of, seed, and shares of train, validation, test."
    )
    options: dict[str, str] = Field({}, description="Options of the task's reader.")
    held_out: str | None = Field(None, description="Split that fine-tuning chooses its epoch on, or none.")
    absent_answers: str = Field("set-aside", description="Training questions without their answer, as in finetune.")
    epochs: float | None = Field(None, gt=0, description="Passes over the training data.")
    learning_rate: float | None = Field(None, gt=0, description="Peak learning rate.")
    batch_size: int | None = Field(None, ge=1, description="Windows a step of fine-tuning.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"data_dir": value} if isinstance(value, str) else {} if value is None else value

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for text in self.splits.values():
            if not PART.fullmatch(text):
                raise ValueError(f"splits: {text!r} is no split or part of one; write it as validation[80%:]")
        return self

    @property
    def made(self) -> set[str]:
        """Names of the splits that are made here, of others."""
        return {*self.splits, *(self.split_by_document.shares if self.split_by_document else ())}
