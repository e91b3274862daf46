"""Soft targets: the teacher's distribution over the vocabulary (Hinton et al. 2015, section 2)."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor
from transformers import PreTrainedModel

from gonerd.errors import GonerdError

from . import LossOptions, VocabularyLoss, register


class SoftTargetOptions(LossOptions):
    """Options of the term.

    Attributes:
        temperature: What both models' logits are divided by.
        positions: "masked", or "all" real tokens, which costs the projection of each.
    """

    temperature: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    positions: Literal["masked", "all"] = "masked"


@register("soft_targets")
class SoftTargets(VocabularyLoss):
    """KL divergence from the student's to the teacher's distribution, times the temperature squared.

    That keeps its gradient's size whatever the temperature, as in DistilBERT's training code (Sanh et al. 2019). It
    differs from the cross-entropy with soft targets by the teacher's entropy, which has no gradient.
    """

    Options = SoftTargetOptions

    def __init__(self, options: SoftTargetOptions, student: PreTrainedModel, teacher: PreTrainedModel) -> None:
        super().__init__(options, student, teacher)
        self.item = "masked" if options.positions == "masked" else "real"
        if student.config.vocab_size != teacher.config.vocab_size:
            raise GonerdError(
                f"soft_targets: the student has {student.config.vocab_size} words and the teacher "
                f"{teacher.config.vocab_size}; use a student of the same vocabulary"
            )

    def of_logits(self, student: Tensor, teacher: Tensor | None, labels: Tensor) -> Tensor:
        """Returns the sum over positions (P,)."""
        assert teacher is not None
        t = self.options.temperature
        ours, theirs = (student / t).log_softmax(-1), (teacher / t).log_softmax(-1)
        divergence: Tensor = F.kl_div(ours, theirs, reduction="sum", log_target=True) * t**2
        return divergence
