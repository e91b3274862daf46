"""A student with its teacher and its losses, as one module that computes the loss of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonerd.errors import GonerdError, UsageError
from gonerd.models.losses import LOSSES, Encoded, Loss, LossOptions, StateLoss, VocabularyLoss, precise
from gonerd.models.losses._sums import chunked_sum
from gonerd.models.settings import checked

from .encoding import encode, vocabulary_of

ITEMS = ("masked", "real")
# DistilBERT's sum (Sanh et al. 2019) and the reference's: alpha, beta, gamma.
DISTILBERT = {"masked_lm": {"weight": 2.0}, "soft_targets": {"weight": 5.0}, "hidden_cosine": {"weight": 1.0}}
CHUNK = 1024  # positions whose logits are in memory at once


class Distiller(nn.Module):
    """Computes a student's loss; wrap it for many devices and the student's gradients are right.

    Args:
        student: A masked language model.
        teacher: Another one of the same vocabulary; None for masked language modelling alone. It is frozen, and no
            part of this module's parameters or state.
        losses: Options by name of the loss; DistilBERT's when None.
        global_first: Whether the first token is global, in models that know such tokens.
        chunk: Positions projected to the vocabulary at once.

    Raises:
        UsageError: A loss or option is unknown or does not fit the models.
        GonerdError: A loss needs a teacher and there is none, or the models cannot be compared.
    """

    def __init__(
        self,
        student: PreTrainedModel,
        teacher: PreTrainedModel | None = None,
        losses: Mapping[str, Mapping[str, Any]] | None = None,
        global_first: bool = True,
        chunk: int = CHUNK,
    ) -> None:
        super().__init__()
        vocabulary_of(student)
        self.student = student
        self.global_first, self.chunk = global_first, chunk
        if teacher is not None:
            vocabulary_of(teacher)
            teacher.train(False).requires_grad_(False)
        self._teacher = [teacher]  # in a list, which hides it from the module tree
        if losses is None:
            losses = DISTILBERT if teacher is not None else {"masked_lm": {}}
        if not losses:
            raise UsageError("'losses' is empty; name at least one, for instance masked_lm")
        self.losses = nn.ModuleDict({name: _loss(name, told, student, teacher) for name, told in losses.items()})

    @property
    def teacher(self) -> PreTrainedModel | None:
        """The teacher."""
        return self._teacher[0]

    @property
    def config(self) -> Any:
        """The student's configuration, which loggers write down."""
        return self.student.config

    @property
    def _no_split_modules(self) -> Any:
        return self.student._no_split_modules  # what FSDP wraps

    def activation_checkpointing_enable(self, **options: Any) -> None:
        """Recomputes the student's layers in the backward pass rather than keep their activations."""
        self.student.activation_checkpointing_enable(**options)

    def gradient_checkpointing_enable(self, **options: Any) -> None:
        """Does the same; the name that earlier versions of transformers ask for."""
        student: Any = self.student
        student.gradient_checkpointing_enable(**options)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        keys: Tensor | None = None,
        counts: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Computes the loss.

        Args:
            input_ids: (B, N), some of them masked.
            attention_mask: (B, N), zero at padding.
            labels: (B, N), what was masked, elsewhere -100.
            keys: (B,), a number of each example's own.
            counts: (2,), masked positions and real tokens of all micro-batches and processes together; this batch's
                when None.

        Returns:
            `loss`, the weighted sum, and `parts` (K,), the unweighted terms in the order of `losses`.
        """
        real = attention_mask.bool()
        counts = counts_of(labels, attention_mask) if counts is None else counts
        counts = counts.to(labels.device).clamp(min=1).float()
        keys = torch.zeros_like(labels[:, 0]) if keys is None else keys
        student, teacher = self._run(input_ids, attention_mask)
        total = precise(student.last.new_zeros(()))
        parts: dict[str, Tensor] = {}
        for item, where in zip(ITEMS, (labels != -100, real), strict=True):
            chosen = {n: x for n, x in self.losses.items() if isinstance(x, VocabularyLoss) and x.item == item}
            if chosen:
                term, sums = self._project(list(chosen.values()), student, teacher, where, labels)
                total = total + term / counts[ITEMS.index(item)]
                parts.update(zip(chosen, sums / counts[ITEMS.index(item)], strict=True))
        for name, loss in self.losses.items():
            if isinstance(loss, StateLoss):
                term = loss(student, teacher, real, keys) / counts[ITEMS.index(loss.item)]
                total = total + loss.options.weight * term
                parts[name] = term.detach()
        return {"loss": total, "parts": torch.stack([parts[name] for name in self.losses])}

    def _run(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Encoded, Encoded | None]:
        states: list[StateLoss] = [loss for loss in self.losses.values() if isinstance(loss, StateLoss)]
        teacher = None
        if self.teacher is not None:
            if self.teacher.device != input_ids.device:
                self.teacher.to(input_ids.device)  # type: ignore[arg-type]  # transformers wraps it with a wrong signature
            wanted = [i for loss in states for i in loss.teacher_states]
            with torch.no_grad():
                teacher = encode(self.teacher, input_ids, attention_mask, wanted, self.global_first)
        wanted = [i for loss in states for i in loss.student_states]
        return encode(self.student, input_ids, attention_mask, wanted, self.global_first), teacher

    def _project(
        self, losses: Sequence[VocabularyLoss], student: Encoded, teacher: Encoded | None, where: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Projects the positions `where` (B, N) to the vocabulary, some at a time, and sums the terms over them."""
        ours, right = (torch.split(tensor[where], self.chunk) for tensor in (student.last, labels))
        needed = teacher if any(loss.needs_teacher for loss in losses) else None
        theirs = torch.split(needed.last[where], self.chunk) if needed is not None else ()

        def one(chunk: int, states: Sequence[Tensor]) -> Tensor:
            logits, targets = precise(student.vocabulary(states[chunk])), None
            if needed is not None:
                with torch.no_grad():
                    targets = precise(needed.vocabulary(theirs[chunk]))
            return torch.stack([loss.of_logits(logits, targets, right[chunk]) for loss in losses])

        weights = precise(student.last.new_tensor([0.0])).new_tensor([loss.options.weight for loss in losses])
        chunks = len(ours) if len(right[0]) else 0
        return chunked_sum(one, chunks, weights, ours, list(student.vocabulary.parameters()))


def counts_of(labels: Tensor, attention_mask: Tensor) -> Tensor:
    """Returns (2,): masked positions and real tokens."""
    return torch.stack([(labels != -100).sum(), attention_mask.bool().sum()])


def _loss(name: str, told: Mapping[str, Any], student: PreTrainedModel, teacher: PreTrainedModel | None) -> Loss:
    kind = LOSSES.get(name)
    if kind.needs_teacher and teacher is None:
        raise GonerdError(f"loss {name!r} needs a teacher; name one, or leave it out")
    options: LossOptions = checked(kind.Options, told, f"loss {name!r}")
    return kind(options, student, teacher)
