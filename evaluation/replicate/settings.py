"""The parts of a replication's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonerd.models.distill.training import Training

PACKAGED = "packaged"
SHORT = 512


class Strict(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Encoder(Strict):
    """Where everything begins.

    Attributes:
        model: Folder or hub id; "packaged" for that of `gonerd models teacher`.
        revision: Commit, tag or branch of a hub id.
        fields: Fields of the configuration to change, for instance the dropout.
    """

    model: str = PACKAGED
    revision: str | None = None
    fields: dict[str, Any] = {}

    @property
    def title(self) -> str:
        """What documents call it: a hub id, or the last part of a folder."""
        if self.model == PACKAGED:
            return "all-MiniLM-L6-v2"
        return Path(self.model).name if Path(self.model).is_dir() else self.model


class Attention(Strict):
    """A teacher.

    Attributes:
        model: Folder or hub id of public weights of this attention; converted from the encoder when None.
        revision: Commit, tag or branch of a hub id.
        window: Width of the local window; the pattern's own when None.
        options: Further options of the pattern.
        pretrain: Whether it goes on with masked language modelling after the conversion.
    """

    model: str | None = None
    revision: str | None = None
    window: int | None = Field(None, ge=1)
    options: dict[str, Any] = {}
    pretrain: bool = False


class Text(Strict):
    """The text of pretraining and distillation.

    Attributes:
        recipe: YAML file of `gonerd models corpus`, beside this one; or
        mix: the same written here, paths below `data_root`.
        tokens: Stop after this many, in place of the recipe's.
    """

    recipe: Path | None = None
    mix: dict[str, Any] | None = None
    tokens: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.recipe is None) == (self.mix is None):
            raise ValueError("name either 'recipe' or 'mix'")
        return self


class Budgets(Strict):
    """How long everything trains.

    Attributes:
        student: Convert-Then-Distill, and the control without a teacher, on long rows.
        short: The student in windows, on rows of the encoder's length.
        unconverted: The student of Distill-Then-Convert before its conversion, on such rows; that in windows when None.
        encoder: Masked language modelling of the encoder itself, on short rows; none when None.
        converted: Of attentions that say `pretrain`, on long rows.
        reconverted: After the conversion of Distill-Then-Convert, on long rows; none when None.
    """

    student: Training
    short: Training
    unconverted: Training | None = None
    encoder: Training | None = None
    converted: Training | None = None
    reconverted: Training | None = None


class Times(Strict):
    """A measuring of time and memory.

    Attributes:
        max_length: Tokens that the measured models are made to take.
        lengths: Tokens of the texts.
        models: Models to measure, patterns allowed; all teachers and students when empty.
        baselines: What stands beside the teachers; what hangs on their size alone, beside one of them.
        batches: Texts in a batch.
        repeats: Timed passes in a cell.
        malloc: Settings of the C allocator.
        dtype: Type of the weights.
        threads: Threads of each process; as many as torch takes when None.
    """

    max_length: int = Field(4096, ge=1)
    lengths: tuple[int, ...] = (512, 1024, 2048, 4096)
    models: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ("huggingface", "full", "windows")
    batches: tuple[int, ...] = (1,)
    repeats: int = Field(5, ge=1)
    malloc: tuple[str, ...] = ("default",)
    dtype: str = "float32"
    threads: int | None = Field(None, ge=1)


class Deepen(Strict):
    """Further seeds where intervals are widest, once every cell has its number.

    Attributes:
        most_seeds: Most seeds of a cell, those of the matrix counted.
        models: Students that may get some, patterns allowed; all when empty.
    """

    most_seeds: int = Field(ge=1)
    models: tuple[str, ...] = ()
