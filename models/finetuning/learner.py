"""A model with its loss as one module, and transformers' Trainer over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from transformers import Trainer

from ._kind import Kind
from ._pieces import Piece, collate
from .distillation import taken

# From (model, its inputs, its outputs, what the outputs are compared with) to a scalar.
Objective = Callable[[Any, dict[str, Tensor], Any, dict[str, Tensor]], Tensor]
_LEARNER = "learner.safetensors"


@dataclass(frozen=True)
class Collator:
    """Pads windows to a batch, with what the loss compares with under `targets`.

    Attributes:
        kind: The kind of task.
        pad_token_id: What texts are padded with.
        attends: Which tokens are global; None for a model that knows none.
    """

    kind: Kind
    pad_token_id: int
    attends: str | None

    def __call__(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """Returns the batch of windows."""
        batch: dict[str, Any] = {**collate(pieces, self.pad_token_id, attends=self.attends)}
        batch["targets"] = self.kind.targets(pieces, batch["input_ids"].shape[1])
        return batch


class Learner(nn.Module):
    """A model with its objective: one module that computes the loss, so that what an objective learns is learnt.

    Args:
        model: The model.
        kind: The kind of task, whose loss counts where there is no objective.
        objective: The loss, or None.
    """

    lost: Tensor

    def __init__(self, model: Any, kind: Kind, objective: Objective | None) -> None:
        super().__init__()
        self.model, self.kind, self.objective = model, kind, objective
        self.register_buffer("lost", torch.zeros(()))  # sum over the steps, which a checkpoint holds as well

    @property
    def config(self) -> Any:
        """The model's configuration, which the trainer writes down."""
        return self.model.config

    def forward(self, targets: dict[str, Tensor], **inputs: Tensor) -> Tensor:
        """Computes the loss of a batch."""
        outputs = self.model(**taken(self.model, inputs), **getattr(self.objective, "asks", {}))
        if self.objective is None:
            return self.kind.loss(outputs, targets)
        return self.objective(self.model, inputs, outputs, targets)


class LearnerTrainer(Trainer):
    """Trains a learner; checkpoints hold all that it learns, and no teacher."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # The loss is a mean over micro-batches; nobody else divides it by a count of items.
        self.model_accepts_loss_kwargs = False

    @property
    def learner(self) -> Learner:
        """What is trained."""
        found: Learner = self.accelerator.unwrap_model(self.model)
        return found

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Returns what the learner computes."""
        loss = model(**inputs)
        return (loss, None) if return_outputs else loss

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """Adds the loss of a micro-batch to the sum, which transformers begins anew when a run goes on."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.learner.lost += loss.to(self.learner.lost)
        return loss

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.learner, str(folder / _LEARNER))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        load_model(self.learner, Path(resume_from_checkpoint) / _LEARNER)
