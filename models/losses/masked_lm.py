"""Masked language modelling: the cross-entropy of the hidden words (Devlin et al. 2019, BERT, section 3.1)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from . import VocabularyLoss, register


@register("masked_lm")
class MaskedLM(VocabularyLoss):
    """Cross-entropy at masked positions; needs no teacher."""

    needs_teacher = False

    def of_logits(self, student: Tensor, teacher: Tensor | None, labels: Tensor) -> Tensor:
        """Returns the sum over positions (P,)."""
        return F.cross_entropy(student, labels, reduction="sum", ignore_index=-100)
