"""The loop of fine-tuning, the same for every kind of task."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from gonerd.errors import GonerdError
from gonerd.models.products import fast_products
from gonerd.models.windows import takes_global_mask

from ._kind import Kind
from ._pieces import Piece, collate
from .defaults import Defaults
from .distillation import taken

# From (model, its inputs, its outputs, what the outputs are compared with) to a scalar.
Objective = Callable[[Any, dict[str, Tensor], Any, dict[str, Tensor]], Tensor]


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

    Returns:
        What came out.

    Raises:
        GonerdError: The loss is no number any more.
    """
    rates = recipe.rates
    accumulated = max(math.ceil(rates.batch_size / recipe.micro_batch), 1)
    batches = math.ceil(len(pieces) / min(recipe.micro_batch, rates.batch_size))
    steps = math.ceil(math.ceil(batches / accumulated) * rates.epochs)
    keeper = _BestEpoch(model, held_out, recipe.patience)
    cuda = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            num_train_epochs=rates.epochs,
            per_device_train_batch_size=min(recipe.micro_batch, rates.batch_size),
            gradient_accumulation_steps=accumulated,
            learning_rate=rates.learning_rate,
            weight_decay=rates.weight_decay,
            warmup_steps=int(steps * rates.warmup),
            seed=recipe.seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=not sys.stderr.isatty(),
            remove_unused_columns=False,
            dataloader_pin_memory=cuda,
            use_cpu=not torch.accelerator.is_available(),  # or else bf16 is refused where there is nothing but a CPU
            optim="adamw_torch_fused",  # one pass over the weights, on CPUs too
            bf16=in_bf16(recipe.bf16),
        )
        marks = any(map(takes_global_mask, (model, *filter(None, [getattr(objective, "teacher", None)]))))
        trainer = _Trainer(
            model=_Learner(model, kind, objective),
            args=arguments,
            train_dataset=list(pieces),
            data_collator=_Collator(kind, tokenizer.pad_token_id, recipe.attends if marks else None),
            callbacks=[keeper],
        )
        trainer.remove_callback(PrinterCallback)  # the caller says what was done, in its own words
        with fast_products():
            result = trainer.train()
    if not math.isfinite(result.training_loss):
        raise GonerdError(f"the training loss became {result.training_loss}; lower --learning-rate and run again")
    keeper.restore()
    return Progress(int(result.global_step), float(result.training_loss), keeper.history, keeper.best_epoch)


@dataclass(frozen=True)
class _Collator:
    """Pads windows to a batch, with what the loss compares with under `targets`."""

    kind: Kind
    pad_token_id: int
    attends: str | None

    def __call__(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        batch: dict[str, Any] = {**collate(pieces, self.pad_token_id, attends=self.attends)}
        batch["targets"] = self.kind.targets(pieces, batch["input_ids"].shape[1])
        return batch


class _Learner(nn.Module):
    """A model with its objective: one module that computes the loss, so that what an objective learns is learnt."""

    def __init__(self, model: Any, kind: Kind, objective: Objective | None) -> None:
        super().__init__()
        self.model, self.kind, self.objective = model, kind, objective

    @property
    def config(self) -> Any:
        return self.model.config  # the trainer writes it down

    def forward(self, targets: dict[str, Tensor], **inputs: Tensor) -> Tensor:
        outputs = self.model(**taken(self.model, inputs), **getattr(self.objective, "asks", {}))
        if self.objective is None:
            return self.kind.loss(outputs, targets)
        return self.objective(self.model, inputs, outputs, targets)


class _Trainer(Trainer):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # The loss is a mean over micro-batches; nobody else divides it by a count of items.
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        loss = model(**inputs)
        return (loss, None) if return_outputs else loss


class _BestEpoch(TrainerCallback):
    """Scores the model after every epoch, keeps the best weights in memory, and stops when it gets no better."""

    def __init__(self, model: Any, held_out: Callable[[], float] | None, patience: int | None) -> None:
        self.model, self.held_out, self.patience = model, held_out, patience
        self.history: list[float] = []
        self.best_epoch: int | None = None
        self._weights: dict[str, Tensor] = {}

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        if self.held_out is None:
            return
        score = self.held_out()
        self.history.append(score)
        if self.best_epoch is None or score > self.history[self.best_epoch - 1]:
            self.best_epoch = len(self.history)
            self._weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        elif self.patience is not None and len(self.history) - self.best_epoch >= self.patience:
            control.should_training_stop = True

    def restore(self) -> None:
        if self.best_epoch is not None and self.best_epoch < len(self.history):
            self.model.load_state_dict(self._weights)
        self.model.eval()
