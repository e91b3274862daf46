"""Terms of the loss that a student learns by, one file each, found by themselves and summed with weights.

Every term is a sum over items, masked positions or real tokens, and is divided by the number of these in the whole
batch: over all micro-batches and processes, so that neither changes the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonerd.errors import UsageError
from gonerd.models.settings import checked
from gonerd.registry import Registry

Item = Literal["masked", "real"]


def precise(tensor: Tensor) -> Tensor:
    """Returns a tensor in fp32 at least, as sums over thousands of words need it."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


class LossOptions(BaseModel):
    """What every term can be told.

    Attributes:
        weight: Factor of the term in the sum.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


@dataclass
class Encoded:
    """What one model made of a batch.

    Attributes:
        last: Last hidden state (B, N, E).
        layers: The model's layers.
        vocabulary: From hidden states (P, E) to logits (P, V).
        states: Hidden states by number: 0 goes into the first layer, i into layer i.
    """

    last: Tensor
    layers: nn.ModuleList
    vocabulary: nn.Module
    states: dict[int, Tensor] = field(default_factory=dict)


class Loss(nn.Module):
    """A term.

    Args:
        options: What it was told.
        student: The student.
        teacher: The teacher; None in training without one.

    Raises:
        GonerdError: It cannot be computed for these models.
        UsageError: An option does not fit them.
    """

    Options: ClassVar[type[LossOptions]] = LossOptions
    needs_teacher: ClassVar[bool] = True
    item: Item = "real"

    def __init__(self, options: Any, student: PreTrainedModel, teacher: PreTrainedModel | None) -> None:
        super().__init__()
        self.options = options


class VocabularyLoss(Loss):
    """A term over logits: only the positions it needs are projected to the vocabulary, some at a time."""

    item: Item = "masked"

    def of_logits(self, student: Tensor, teacher: Tensor | None, labels: Tensor) -> Tensor:
        """Returns the sum over positions.

        Args:
            student: Logits (P, V).
            teacher: Likewise.
            labels: The right ids (P,), -100 where nothing was masked.
        """
        raise NotImplementedError


class StateLoss(Loss):
    """A term over hidden states.

    Attributes:
        student_states: Numbers of the student's states it reads.
        teacher_states: Numbers of the teacher's.
    """

    student_states: tuple[int, ...] = ()
    teacher_states: tuple[int, ...] = ()

    def forward(self, student: Encoded, teacher: Encoded, real: Tensor, keys: Tensor) -> Tensor:
        """Returns the sum over real tokens.

        Args:
            student: What the student made of the batch.
            teacher: What the teacher made of it.
            real: (B, N), where there is no padding.
            keys: (B,), a number of each example's own, for what is drawn at random.
        """
        raise NotImplementedError


LossClass = type[Loss]
LOSSES: Registry[LossClass] = Registry("loss", "gonerd.models.losses")
register: Callable[[str], Callable[[LossClass], LossClass]] = LOSSES.register


def state_loss(name: str) -> type[StateLoss]:
    """Returns a loss over hidden states.

    Raises:
        UsageError: There is no such loss, or it reads other things.
    """
    loss = LOSSES.get(name)
    if not issubclass(loss, StateLoss):
        raise UsageError(f"loss {name!r} reads no hidden states; fine-tuning has its own soft targets")
    return loss


def known_losses(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns options of losses by their names as they are.

    Raises:
        ValueError: A name or an option is unknown, or a value impossible.
    """
    try:
        for name, options in told.items():
            checked(LOSSES.get(name).Options, options, f"loss {name!r}")
    except UsageError as error:
        raise ValueError(str(error)) from error
    return told


def known_state_losses(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns options of losses over hidden states as they are; see `known_losses`."""
    try:
        for name in known_losses(told):
            state_loss(name)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return told


Losses = Annotated[dict[str, dict[str, Any]], AfterValidator(known_losses)]
"""Options of losses by their names, in settings."""
StateLosses = Annotated[dict[str, dict[str, Any]], AfterValidator(known_state_losses)]
"""The same of losses over hidden states alone."""
