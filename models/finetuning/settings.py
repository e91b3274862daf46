"""How to fine-tune, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune; None stands for the default of the task (`gonerd.models.finetuning.defaults`).

    Attributes:
        max_length: Positions in a window; the model's own limit when None.
        stride: Positions that neighbouring windows share; 128, or a quarter of a short window, when None.
        epochs: Passes over the training windows.
        learning_rate: Peak of a linear warm-up and decay.
        batch_size: Windows a step.
        micro_batch: Windows at once, where a batch does not fit into memory; the batch when None.
        weight_decay: Of AdamW.
        attention_dropout: Probability of dropping an attention weight; the model's own when None. 0 keeps
            the fused attention kernel, which halves the time of a step on a CPU.
        global_attention: Which tokens are global, "none", "first" or "question"; chosen by the kind of task when None.
        patience: Epochs without a better held-out score after which training ends; never when None.
        bf16: Whether layers compute in bf16, the weights staying in fp32; where a GPU can when None. Of CPUs only those
            with instructions for it gain by it, twofold; others emulate it slowly.
        teacher: Folder or hub id of a model fine-tuned for the task, to distil from; none when None.
        distill_weight: Share of the teacher's soft targets in the loss; the gold labels have the rest.
        temperature: What both models' logits are divided by.
        state_losses: Options of losses over hidden states by their names (`gonerd.models.losses`), for instance
            {"hidden_mse": {"weight": 1.0, "layers": "uniform"}}; they come on top.
        trials: Runs, with seeds from `seed` on, each saved in a folder of its own when there are several.
        seed: Seed of the head, the order and the dropout.
        limit: Train on the first documents only.
    """

    max_length: int | None = None
    stride: int | None = None
    epochs: float | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    micro_batch: int | None = None
    weight_decay: float | None = None
    attention_dropout: float | None = None
    global_attention: str | None = None
    patience: int | None = None
    bf16: bool | None = None
    teacher: str | Path | None = None
    distill_weight: float = 0.5
    temperature: float = 2.0
    state_losses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trials: int = 1
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class FinetuneSummary:
    """What was trained on, and what came out: no document, word or span is left out.

    Attributes:
        documents: Training examples.
        windows: Windows they were cut into.
        steps: Optimiser steps.
        loss: Mean loss of the run.
        attention: The attention that was computed.
        seed: Seed of the run.
        score: Held-out score of the weights that were kept; None without held-out examples.
        metric: Name of that score.
        folder: Where the model lies.
    """

    documents: int
    windows: int
    steps: int
    loss: float
    attention: str
    seed: int
    score: float | None
    metric: str
    folder: Path
