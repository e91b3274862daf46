"""Distillation during fine-tuning: a teacher fine-tuned for the same task gives soft targets on its logits.

As DistilBERT does for SQuAD (Sanh et al. 2019, arXiv:1910.01108, section 4.1), here for every kind of task; losses over
hidden states, of `gonerd.models.losses`, may be added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gonerd.errors import UsageError
from gonerd.models.losses import Encoded, StateLoss, state_loss
from gonerd.models.settings import checked
from gonerd.models.windows import takes_global_mask

from ._kind import Kind


@dataclass(frozen=True)
class Distillation:
    """How a student listens to its teacher.

    Attributes:
        teacher: Folder or hub id of a model fine-tuned for the task.
        weight: Share of the soft targets in the loss, above 0 and at most 1; the gold labels have the rest.
        temperature: What both models' logits are divided by (Hinton et al. 2015, section 2); numbers have none.
        states: Options of losses over hidden states, by the name of the loss; their weights come on top.
    """

    teacher: str | Path
    weight: float = 0.5
    temperature: float = 2.0
    states: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise UsageError(f"--distill-weight {self.weight}: give a share above 0 and at most 1")
        if not 0 < self.temperature < float("inf"):
            raise UsageError(f"--temperature {self.temperature}: give a number above 0")

    def facts(self) -> dict[str, Any]:
        """Returns the terms of the loss as a model's note and card have them."""
        terms = {"task": {"weight": 1 - self.weight}} if self.weight < 1 else {}
        soft = {"soft_targets": {"weight": self.weight, "temperature": self.temperature, "positions": "task"}}
        return {**terms, **soft, **{name: {"weight": 1.0, **told} for name, told in self.states.items()}}


class Taught(nn.Module):
    """The loss of a student with a teacher: gold labels, soft targets, and states where asked for.

    Args:
        kind: The kind of task.
        told: How to distil.
        student: The student, its head in place.
        teacher: The teacher; it is frozen, and no part of this module's parameters or state.

    Raises:
        UsageError: A loss is unknown, needs more than hidden states, or has an impossible option.
        GonerdError: A loss cannot be computed for these models.
    """

    def __init__(self, kind: Kind, told: Distillation, student: Any, teacher: Any) -> None:
        super().__init__()
        self.kind, self.told = kind, told
        teacher.train(False).requires_grad_(False)
        self._teacher = [teacher]  # in a list, which hides it from the module tree
        self.states = nn.ModuleDict({n: _state_loss(n, given, student, teacher) for n, given in told.states.items()})
        self.asks = {"output_hidden_states": True} if told.states else {}

    @property
    def teacher(self) -> Any:
        """The teacher."""
        return self._teacher[0]

    def forward(self, model: Any, inputs: Mapping[str, Tensor], outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Computes the loss of a batch.

        Args:
            model: The student.
            inputs: What both models read, with global tokens where either takes them.
            outputs: What the student made of it, hidden states included where a loss reads them.
            targets: What `kind.loss` compares with.

        Returns:
            A scalar in float32.
        """
        theirs = self._listen(inputs)
        real = inputs["attention_mask"].bool()
        total = self.told.weight * self.kind.soft_loss(outputs, theirs, targets, real, self.told.temperature)
        if self.told.weight < 1:
            total = total + (1 - self.told.weight) * self.kind.loss(outputs, targets)
        if self.states:
            ours, right = _encoded(model, outputs), _encoded(self.teacher, theirs)
            keys = torch.arange(len(real), device=real.device)
            losses: Any = self.states.values()
            for loss in losses:
                total = total + loss.options.weight * loss(ours, right, real, keys) / real.sum().clamp(min=1)
        return total

    def _listen(self, inputs: Mapping[str, Tensor]) -> Any:
        """Runs the teacher over the same windows."""
        device = inputs["input_ids"].device
        if self.teacher.device != device:
            self.teacher.to(device)
        with torch.inference_mode():
            found = self.teacher(**taken(self.teacher, inputs), **self.asks)
        # Autograd may keep copies for the backward pass, but nothing that was made in inference mode.
        return type(found)(**{name: _copied(value) for name, value in found.items()})


def taken(model: Any, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leaves out the global tokens for a model that knows none."""
    if takes_global_mask(model):
        return dict(inputs)
    return {name: value for name, value in inputs.items() if name != "global_attention_mask"}


def _state_loss(name: str, given: Mapping[str, Any], student: Any, teacher: Any) -> StateLoss:
    loss = state_loss(name)
    return loss(checked(loss.Options, given, f"loss {name!r}"), student, teacher)


def _encoded(model: Any, outputs: Any) -> Encoded:
    states = outputs.hidden_states
    return Encoded(states[-1], model.base_model.encoder.layer, nn.Identity(), dict(enumerate(states)))


def _copied(value: Any) -> Any:
    return tuple(map(_copied, value)) if isinstance(value, tuple) else value.clone()
