"""Result files of time and memory, version 2. Numbers are checked against each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .parts import Count, Environment, Positive, Sha256, Strict

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Role = Literal["model", "baseline"]
Malloc = Literal["default", "tuned"]


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
    kernels: Annotated[list[str], Field(description="Fused attention kernels that were seen in a pass.")] = Field([])
    flops: Annotated[
        Positive | None,
        Field(description="Operations of a pass: products of matrices, convolutions, attention; masked ones count."),
    ] = None
    disk_bytes: Annotated[Positive | None, Field(description="Safetensors files; null for random weights.")] = None
    times: Annotated[list[Seconds], Field(description="Each timed pass, in order; equal places are one round.")] = (
        Field([])
    )
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
    not_measured: Annotated[list[NotMeasured], Field(description="What was asked for and has no figures.")] = Field([])
    hardware: Annotated[dict[str, Any], Field(description="Processor, memory, C library.")] = Field({})
    environment: Environment

    @model_validator(mode="after")
    def _hold_something(self) -> Self:
        if not self.cells and not self.not_measured:
            raise ValueError("holds no cells")
        return self
