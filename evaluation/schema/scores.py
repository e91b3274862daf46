"""Result files of scores, version 2. Numbers are checked against each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .parts import Count, Environment, Positive, Sha256, Strict


class Model(Strict):
    """What was scored. All but the name is null where a prediction file was scored, and the model is not at hand."""

    name: Annotated[str, Field(min_length=1, description="Last part of the folder or hub id.")]
    path: Annotated[str | None, Field(description="Folder or hub id as it was named.")] = None
    weights_sha256: Annotated[Sha256 | None, Field(description="Hash of the weights.")] = None
    layers: Annotated[Positive | None, Field(description="Number of layers.")] = None
    parameters: Annotated[Positive | None, Field(description="Number of parameters.")] = None
    attention: Annotated[str | None, Field(description="The attention that really ran.")] = None
    dtype: Annotated[str | None, Field(description="Type of the weights.")] = None


class TaskUsed(Strict):
    """What was asked."""

    name: Annotated[str, Field(min_length=1, description="Name of the task.")]
    entry: Annotated[
        str | None, Field(description="Name of its data in the YAML file of data, where that is another one.")
    ] = None
    version: Annotated[str, Field(min_length=1, description="Its version: it changes whenever scores would.")]
    split: Annotated[str | None, Field(description="Split; null where a reference file was named.")] = None
    options: Annotated[dict[str, str], Field(description="Options of the task's reader.")] = Field({})

    @property
    def title(self) -> str:
        """What tells the task, on just these data, from others."""
        return self.entry or self.name


class Dataset(Strict):
    """What was scored on."""

    name: Annotated[str, Field(min_length=1, description="Name, folder or hub id.")]
    version: Annotated[str | None, Field(description="Version, or commit on the hub.")] = None
    config: Annotated[str | None, Field(description="Configuration on the hub.")] = None
    asked_for: Annotated[
        str | None, Field(description="What was asked for: a revision, or the folder that --data named.")
    ] = None
    split: Annotated[str | None, Field(description="Split as the dataset calls it.")] = None
    sha256: Annotated[Sha256 | None, Field(description="Hash of the examples before any limit.")] = None
    files: Annotated[dict[str, Any], Field(description="Hashes of local files, by name.")] = Field({})
    options: Annotated[dict[str, str], Field(description="Options that the examples depend on.")] = Field({})


class Settings(Strict):
    """How it was run."""

    max_length: Annotated[Positive | None, Field(description="Tokens in a window.")] = None
    stride: Annotated[Count | None, Field(description="Tokens that neighbouring windows share.")] = None
    batch_size: Annotated[
        Positive | None, Field(description="Windows run at once; null where their length decided.")
    ] = None
    global_attention: Annotated[str | None, Field(description="Which tokens are global, where a model has such.")] = (
        None
    )
    int8: Annotated[bool, Field(description="Whether dense layers were computed in 8-bit integers.")] = False
    limit: Annotated[Positive | None, Field(description="Most examples that were to be scored.")] = None
    seed: Annotated[int | None, Field(description="Seed of the fine-tuning.")] = None
    partial: Annotated[bool, Field(description="Whether missing predictions count as wrong.")] = False


class Counts(Strict):
    """Nothing is left out in silence: what was read, kept, set aside and cut."""

    read: Annotated[Count | None, Field(description="Examples in the source; null in upgraded files.")] = None
    set_aside: Annotated[dict[str, Positive], Field(description="Examples that cannot be scored, by reason.")] = Field(
        {}
    )
    notes: Annotated[dict[str, Positive], Field(description="Examples kept although something is odd.")] = Field({})
    before_limit: Annotated[Positive, Field(description="Examples before the limit.")]
    scored: Annotated[Positive, Field(description="Examples scored.")]
    missing: Annotated[Count, Field(description="Examples without a prediction, scored as wrong.")] = 0
    unknown: Annotated[Count, Field(description="Predictions of unknown ids, passed over.")] = 0
    documents: Annotated[Positive | None, Field(description="Documents that the scored examples are from.")] = None
    words: Annotated[Count | None, Field(description="Words in the examples.")] = None
    tokens: Annotated[
        Count | None, Field(description="Tokens that were run: special ones and those that windows share included.")
    ] = None
    windows: Annotated[Count | None, Field(description="Windows that were run.")] = None
    words_unseen: Annotated[Count | None, Field(description="Words that the tokenizer drops altogether.")] = None
    truncated: Annotated[Count | None, Field(description="Words cut off; null where no model was run.")] = None

    @model_validator(mode="after")
    def _reconcile(self) -> Self:
        if self.scored > self.before_limit:
            raise ValueError(f"{self.scored} scored, but {self.before_limit} before the limit")
        aside = sum(self.set_aside.values())
        if self.read is not None and self.read != self.before_limit + aside:
            raise ValueError(f"{self.read} read, but {self.before_limit} kept and {aside} set aside")
        if self.missing > self.scored:
            raise ValueError(f"{self.missing} missing of {self.scored} scored")
        return self


class ScoresResult(Strict):
    """Scores of one model on one task; `gonerd evaluate run` and `score` write it."""

    schema_version: Annotated[Literal[2], Field(description="Version of this schema.")]
    kind: Annotated[Literal["scores"], Field(description="What the file holds.")]
    model: Model
    task: TaskUsed
    dataset: Dataset
    settings: Settings
    counts: Counts
    score: Annotated[float, Field(ge=-1, le=1, description="Mean of the task's headline metrics, 1 is perfect.")]
    metrics: Annotated[dict[str, dict[str, Any]], Field(description="Numbers of each metric, in the official unit.")]
    predictions: Annotated[
        str | None,
        Field(pattern=r"^[^/\\]+\.jsonl$", description="File beside this one: gold and prediction by example."),
    ]
    training: Annotated[dict[str, Any], Field(description="What the model's own note says of its making.")] = Field({})
    environment: Environment
