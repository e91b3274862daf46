"""Direction of the last hidden state (Sanh et al. 2019, DistilBERT, section 3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedModel

from gonerd.errors import GonerdError

from . import Encoded, LossOptions, StateLoss, precise, register


@register("hidden_cosine")
class HiddenCosine(StateLoss):
    """One minus the cosine between both models' last hidden states, at each real token."""

    def __init__(self, options: LossOptions, student: PreTrainedModel, teacher: PreTrainedModel) -> None:
        super().__init__(options, student, teacher)
        if student.config.hidden_size != teacher.config.hidden_size:
            raise GonerdError(
                f"hidden_cosine: the student's states have {student.config.hidden_size} numbers and the teacher's "
                f"{teacher.config.hidden_size}; use hidden_mse, which learns a projection, or value_relations"
            )

    def forward(self, student: Encoded, teacher: Encoded, real: Tensor, keys: Tensor) -> Tensor:
        """Returns the sum over real tokens."""
        return (1 - F.cosine_similarity(precise(student.last[real]), precise(teacher.last[real]), dim=-1)).sum()
