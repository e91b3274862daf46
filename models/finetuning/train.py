"""The loop of fine-tuning, the same for every kind of task."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainingArguments

from gonerd.models.checkpoints import newest
from gonerd.models.products import fast_products
from gonerd.models.windows import takes_global_mask

from ._kind import Kind
from ._pieces import Piece
from .defaults import Defaults
from .epochs import Epochs
from .learner import Collator, Learner, LearnerTrainer, Objective


def in_bf16(told: bool | None) -> bool:
    """Tells whether layers compute in bf16: as told, or else where a GPU can."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported() if told is None else told


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        rates: Epochs, learning rate, batch size, decay and warm-up.
        micro_batch: Windows at once; the batch is gathered from as many as needed.
        patience: Epochs without a better held-out score after which training ends; None for never.
        attends: Which tokens are global.
        seed: Seed of the order and the dropout.
        bf16: Whether layers compute in bf16, the weights staying in fp32; where a GPU can when None.
    """

    rates: Defaults
    micro_batch: int
    patience: int | None
    attends: str
    seed: int
    bf16: bool | None = None


@dataclass
class Progress:
    """What came out.

    Attributes:
        steps: Optimiser steps.
        loss: Mean loss of the run.
        history: Held-out score after each epoch.
        best_epoch: The epoch whose weights were kept, counted from 1; None when all were run through.
    """

    steps: int = 0
    loss: float = 0.0
    history: list[float] = field(default_factory=list)
    best_epoch: int | None = None


def train(
    model: Any,
    tokenizer: Any,
    kind: Kind,
    pieces: Sequence[Piece],
    recipe: Recipe,
    held_out: Callable[[], float] | None = None,
    objective: Objective | None = None,
    scratch: Path | None = None,
) -> Progress:
    """Trains a model in place and leaves in it the weights of its best epoch.

    Args:
        model: The model, its head in place.
        tokenizer: Its tokenizer.
        kind: The kind of task.
        pieces: Training windows with targets.
        recipe: How to train.
        held_out: Scores the model as it stands, the higher the better; without it the last weights stay.
        objective: The loss; that of the kind when None. Distillation from a fine-tuned teacher enters here
            (`distillation.Taught`). A module's parameters are learnt too, and `asks` is what it asks of the model.
        scratch: Folder of a checkpoint after every epoch but the last; where one lies there, training goes on from it
            with the steps and weights of a run that was never stopped. None keeps nothing.

    Returns:
        What came out.

    Raises:
        GonerdError: The loss is no number any more.
    """
    rates = recipe.rates
    accumulated = max(math.ceil(rates.batch_size / recipe.micro_batch), 1)
    batches = math.ceil(len(pieces) / min(recipe.micro_batch, rates.batch_size))
    steps = math.ceil(math.ceil(batches / accumulated) * rates.epochs)
    learner = Learner(model, kind, objective)
    keeper = Epochs(model, held_out, recipe.patience, lambda: float(learner.lost))
    checkpoint = newest(scratch) if scratch else None
    if checkpoint is not None:
        keeper.read(checkpoint)
    marks = any(map(takes_global_mask, (model, *filter(None, [getattr(objective, "teacher", None)]))))
    with tempfile.TemporaryDirectory() if scratch is None else nullcontext(scratch) as folder:
        trainer = LearnerTrainer(
            model=learner,
            args=_arguments(recipe, str(folder), scratch is not None, accumulated, int(steps * rates.warmup)),
            train_dataset=list(pieces),
            data_collator=Collator(kind, tokenizer.pad_token_id, recipe.attends if marks else None),
            callbacks=[keeper],
        )
        trainer.remove_callback(PrinterCallback)  # the caller says what was done, in its own words
        with fast_products():
            result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    keeper.restore()
    taken = int(result.global_step)
    return Progress(taken, float(learner.lost) / max(taken, 1), keeper.history, keeper.best_epoch)


def _arguments(recipe: Recipe, folder: str, saves: bool, accumulated: int, warmup: int) -> TrainingArguments:
    rates = recipe.rates
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=rates.epochs,
        per_device_train_batch_size=min(recipe.micro_batch, rates.batch_size),
        gradient_accumulation_steps=accumulated,
        learning_rate=rates.learning_rate,
        warmup_steps=warmup,
        weight_decay=rates.weight_decay,
        seed=recipe.seed,
        save_strategy="epoch" if saves else "no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=not sys.stderr.isatty(),
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=not torch.accelerator.is_available(),  # or else bf16 is refused where there is nothing but a CPU
        optim="adamw_torch_fused",  # one pass over the weights, on CPUs too
        bf16=in_bf16(recipe.bf16),
    )
