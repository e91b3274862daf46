"""How to train, and what of transformers' `TrainingArguments` follows from it."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from transformers import TrainingArguments

from gonerd.errors import UsageError, unknown_name


class Training(BaseModel):
    """How to train.

    Attributes:
        steps: Updates of the weights.
        batch_size: Rows a micro-batch and process.
        accumulation: Micro-batches a step.
        learning_rate: Its peak.
        warmup: Share of the steps until the peak; from there it falls linearly.
        weight_decay: As in AdamW.
        adam_betas: Likewise.
        adam_epsilon: Likewise.
        max_grad_norm: Longer gradients are shortened to this.
        mask_probability: Share of the tokens that are masked.
        whole_words: Whether whole words are masked.
        global_first: Whether the first token is global, as it will be in most tasks.
        save_every: Steps between checkpoints, at which the held-out loss is taken too.
        log_every: Steps between two entries of the log.
        held_out_rows: Rows of the held-out loss; all when None.
        divergence: Stop when a logged loss is more than so many times the lowest before it; None never stops.
        chunk: Positions projected to the vocabulary at once.
        checkpoint_activations: Whether layers are computed again in the backward pass rather than kept in memory.
        trainer: Further fields of transformers' TrainingArguments, for instance bf16, fsdp, report_to ("trackio",
            "wandb"), dataloader_num_workers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(ge=1)
    batch_size: int = Field(default=4, ge=1)
    accumulation: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0, allow_inf_nan=False)  # DistilBERT's, as are most of these
    warmup: float = Field(default=0.05, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)
    adam_betas: tuple[float, float] = (0.9, 0.98)
    adam_epsilon: float = Field(default=1e-6, gt=0)
    max_grad_norm: float = Field(default=5.0, ge=0)
    mask_probability: float = Field(default=0.15, gt=0, lt=1)
    whole_words: bool = False
    global_first: bool = True
    save_every: int = Field(default=500, ge=1)
    log_every: int = Field(default=50, ge=1)
    held_out_rows: int | None = Field(default=256, ge=1)
    divergence: float | None = Field(default=3.0, gt=1)
    chunk: int = Field(default=1024, ge=1)
    checkpoint_activations: bool = False
    trainer: dict[str, Any] = {}

    @model_validator(mode="after")
    def _logs_where_it_saves(self) -> Training:
        if self.save_every % self.log_every:
            # A run that goes on from a checkpoint would otherwise average another stretch of steps.
            raise ValueError(f"'save_every' {self.save_every} must be a multiple of 'log_every' {self.log_every}")
        return self


def arguments(training: Training, scratch: Path, seed: int, evaluates: bool) -> TrainingArguments:
    """Returns the arguments of a trainer.

    Args:
        training: How to train.
        scratch: Folder of checkpoints and logs.
        seed: Seed of the dropout.
        evaluates: Whether there are held-out rows.

    Raises:
        UsageError: A further field is unknown, belongs to the recipe, or is impossible.
    """
    ours = _ours(training, scratch, seed, evaluates)
    known = {field.name for field in dataclasses.fields(TrainingArguments) if field.init}
    for name in training.trainer:
        if name in ours and name not in _CHANGEABLE:
            raise UsageError(f"training: 'trainer.{name}' is set by the recipe; use its own key")
        if name not in known:
            raise unknown_name("field of 'trainer'", name, known)
    try:
        return TrainingArguments(**{**ours, **training.trainer})
    except (ValueError, TypeError, ImportError) as error:
        cause = " ".join(str(error).split())[:300]
        raise UsageError(f"training: 'trainer' holds something impossible ({cause}); mend the recipe") from error


_CHANGEABLE = {"optim", "report_to", "disable_tqdm", "dataloader_pin_memory", "use_cpu"}


def _ours(training: Training, scratch: Path, seed: int, evaluates: bool) -> dict[str, Any]:
    cuda = torch.cuda.is_available()
    fields = {field.name for field in dataclasses.fields(TrainingArguments)}
    checkpointing = next(name for name in ("activation_checkpointing", "gradient_checkpointing") if name in fields)
    logger = ["tensorboard"] if any(map(importlib.util.find_spec, ("tensorboard", "tensorboardX"))) else []
    return {
        "output_dir": str(scratch),
        "max_steps": training.steps,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.accumulation,
        "learning_rate": training.learning_rate,
        "warmup_steps": round(training.warmup * training.steps),
        "weight_decay": training.weight_decay,
        "adam_beta1": training.adam_betas[0],
        "adam_beta2": training.adam_betas[1],
        "adam_epsilon": training.adam_epsilon,
        "max_grad_norm": training.max_grad_norm,
        "optim": "adamw_torch_fused",  # one pass over the weights, on CPUs too
        "seed": seed,
        "logging_steps": training.log_every,
        "logging_nan_inf_filter": False,  # a loss that is no number must be seen
        "save_strategy": "steps",
        "save_steps": training.save_every,
        "save_total_limit": 2,  # the newest and the best
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": training.save_every,
        "metric_for_best_model": "loss" if evaluates else None,
        "greater_is_better": False if evaluates else None,
        checkpointing: training.checkpoint_activations,
        f"{checkpointing}_kwargs": {"use_reentrant": False},
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "dataloader_pin_memory": cuda,
        "use_cpu": not torch.accelerator.is_available(),  # or else bf16 is refused where there is nothing but a CPU
        "disable_tqdm": not sys.stderr.isatty(),
        "report_to": logger,
    }
