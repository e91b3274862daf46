"""The schema of result files, version 2. Unknown fields are refused; numbers are checked against each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Role = Literal["model", "baseline"]
Malloc = Literal["default", "tuned"]


class Strict(BaseModel):
    """A part of a result file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Git(Strict):
    """State of the source tree."""

    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}([0-9a-f]{24})?$", description="Commit of the source tree.")]
    dirty: Annotated[bool, Field(description="Whether anything was changed since.")]


class Environment(Strict):
    """What a number was measured with."""

    git: Annotated[Git | None, Field(description="Null for an installed copy outside a checkout.")]
    python: Annotated[str, Field(description="Version of Python.")]
    libraries: Annotated[dict[str, str | None], Field(description="Version of each library, null where it is absent.")]
    machine: Annotated[str, Field(description="Architecture of the processor.")]
    device: Annotated[str, Field(description='"cpu", or the name of the GPU.')]
    threads: Annotated[Positive, Field(description="Threads that the processor's share ran in.")]


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
    options: Annotated[dict[str, str], Field(description="Options of the task's reader.")] = {}

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
    files: Annotated[dict[str, Any], Field(description="Hashes of local files, by name.")] = {}
    options: Annotated[dict[str, str], Field(description="Options that the examples depend on.")] = {}


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
    set_aside: Annotated[dict[str, Positive], Field(description="Examples that cannot be scored, by reason.")] = {}
    notes: Annotated[dict[str, Positive], Field(description="Examples kept although something is odd.")] = {}
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
    training: Annotated[dict[str, Any], Field(description="What the model's own note says of its making.")] = {}
    environment: Environment


class Cell(Strict):
    """Time and memory of one model at one length and batch size, measured in a process of its own."""

    model: Annotated[str, Field(min_length=1, description="Name of the model.")]
    length: Annotated[Positive, Field(description="Tokens in a sequence.")]
    batch: Annotated[Positive, Field(description="Sequences in a batch.")]
    seconds: Annotated[Seconds, Field(description="Median of the timed passes: the latency of a batch.")]
    quartiles: Annotated[tuple[Seconds, Seconds], Field(description="First and third quartile, seconds.")]
    repeats: Annotated[Positive, Field(description="Timed passes after the warm-up.")]
    tokens_per_second: Annotated[float, Field(gt=0, description="length x batch / seconds.")]
    peak_bytes: Annotated[Positive, Field(description="Weights, and what the first pass adds.")]
    weight_bytes: Annotated[Positive, Field(description="Parameters and buffers.")]
    growth_bytes: Annotated[
        Count, Field(description="What the first pass adds, on a processor the growth of the process.")
    ]
    parameters: Annotated[Positive, Field(description="Number of parameters.")]
    weights_sha256: Annotated[Sha256, Field(description="Hash of the weights.")]
    layers: Annotated[Positive, Field(description="Number of layers.")]
    attention: Annotated[str, Field(description="The attention that really ran.")]
    dtype: Annotated[str, Field(description="Type of the weights.")]
    device: Annotated[str, Field(description="Device that it ran on.")]
    threads: Annotated[Positive, Field(description="Threads of the processor.")]
    allocator_keeps_memory: Annotated[bool, Field(description="Whether freed memory was kept for the next pass.")]
    role: Annotated[Role, Field(description="Whether it is a model, or what one is held against.")] = "model"
    baseline: Annotated[str | None, Field(description="Name of the baseline; `model` is MODEL/BASELINE.")] = None
    baseline_of: Annotated[str | None, Field(description="Name of the model that it stands beside.")] = None
    malloc: Annotated[Malloc | None, Field(description="Setting of the C allocator; null in upgraded files.")] = None
    random_weights: Annotated[bool, Field(description="Whether the weights are random, for times alone.")] = False
    windows: Annotated[Positive | None, Field(description="Windows of a sequence, where it is cut.")] = None
    attention_asked: Annotated[str | None, Field(description="What the attention had to be, and was.")] = None
    kernels: Annotated[list[str], Field(description="Fused attention kernels that were seen in a pass.")] = []
    flops: Annotated[
        Positive | None,
        Field(description="Operations of a pass: products of matrices, convolutions, attention; masked ones count."),
    ] = None
    disk_bytes: Annotated[Positive | None, Field(description="Safetensors files; null for random weights.")] = None
    times: Annotated[list[Seconds], Field(description="Each timed pass, in order; equal places are one round.")] = []
    rounds: Annotated[Positive | None, Field(description="All passes: memory, operations, warm-up, timed ones.")] = None
    stable: Annotated[
        bool | None, Field(description="Whether two passes of the warm-up in a row differed by less than a tenth.")
    ] = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        low, high = self.quartiles
        if not low <= self.seconds <= high:
            raise ValueError(f"the median {self.seconds} lies outside its quartiles {low} and {high}")
        if self.peak_bytes != self.weight_bytes + self.growth_bytes:
            raise ValueError("peak_bytes is not weight_bytes + growth_bytes")
        if self.times and len(self.times) != self.repeats:
            raise ValueError(f"{len(self.times)} times of {self.repeats} repeats")
        if (self.role == "baseline") != (self.baseline_of is not None):
            raise ValueError(f"role is {self.role!r} and baseline_of {self.baseline_of!r}")
        return self


class NotMeasured(Strict):
    """A cell that has no figures."""

    model: Annotated[str, Field(min_length=1, description="Name of the model, or MODEL/BASELINE.")]
    role: Annotated[Role, Field(description="Whether it is a model, or what one is held against.")]
    baseline: Annotated[str | None, Field(description="Name of the baseline.")] = None
    baseline_of: Annotated[str | None, Field(description="Name of the model that it stands beside.")] = None
    length: Annotated[Positive, Field(description="Tokens in a sequence.")]
    batch: Annotated[Positive, Field(description="Sequences in a batch.")]
    malloc: Annotated[Malloc, Field(description="Setting of the C allocator.")]
    weights_sha256: Annotated[Sha256, Field(description="Hash of the weights of the model, or of the one beside.")]
    reason: Annotated[str, Field(min_length=1, description="Why there are no figures.")]


class EfficiencyResult(Strict):
    """Time and memory of models side by side; `gonerd evaluate efficiency` writes it."""

    schema_version: Annotated[Literal[2], Field(description="Version of this schema.")]
    kind: Annotated[Literal["efficiency"], Field(description="What the file holds.")]
    seed: Annotated[int, Field(description="Seed of the random token ids.")]
    cells: Annotated[
        list[Cell], Field(description="Those of one length, batch and setting of the allocator were measured in turn.")
    ]
    not_measured: Annotated[list[NotMeasured], Field(description="What was asked for and has no figures.")] = []
    hardware: Annotated[dict[str, Any], Field(description="Processor, memory, C library.")] = {}
    environment: Environment

    @model_validator(mode="after")
    def _hold_something(self) -> Self:
        if not self.cells and not self.not_measured:
            raise ValueError("holds no cells")
        return self


Result = ScoresResult | EfficiencyResult
