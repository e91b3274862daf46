"""Hidden states, layer by layer (Jiao et al. 2020, TinyBERT, section 3.1)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonerd.errors import UsageError

from . import Encoded, LossOptions, StateLoss, precise, register


class HiddenMSEOptions(LossOptions):
    """Options of the term.

    Attributes:
        layers: "uniform" compares every state of the student, that of the embeddings included, with those of the
            teacher evenly spread; "last" the last ones alone; or pairs of (student's state, teacher's state), where 0
            is what the embeddings give and i what layer i gives, counted from one.
    """

    layers: Literal["uniform", "last"] | tuple[tuple[int, int], ...] = "uniform"


@register("hidden_mse")
class HiddenMSE(StateLoss):
    """Mean squared difference of hidden states; a narrower student's are projected by a matrix that is learnt.

    The mean goes over the width and the pairs of states; the projections are dropped with the teacher.
    """

    Options = HiddenMSEOptions

    def __init__(self, options: HiddenMSEOptions, student: PreTrainedModel, teacher: PreTrainedModel) -> None:
        super().__init__(options, student, teacher)
        ours, theirs = student.config.num_hidden_layers, teacher.config.num_hidden_layers
        self.pairs = _pairs(options.layers, ours, theirs)
        self.student_states = tuple(a for a, _ in self.pairs)
        self.teacher_states = tuple(b for _, b in self.pairs)
        width, wanted = student.config.hidden_size, teacher.config.hidden_size
        same = width == wanted
        self.projections = nn.ModuleList(
            nn.Identity() if same else nn.Linear(width, wanted, bias=False) for _ in self.pairs
        )

    def forward(self, student: Encoded, teacher: Encoded, real: Tensor, keys: Tensor) -> Tensor:
        """Returns the sum over real tokens."""
        terms = []
        for (a, b), project in zip(self.pairs, self.projections, strict=True):
            difference = precise(project(student.states[a][real])) - precise(teacher.states[b][real])
            terms.append(difference.square().mean(-1).sum())
        return torch.stack(terms).mean()


def _pairs(layers: str | tuple[tuple[int, int], ...], ours: int, theirs: int) -> list[tuple[int, int]]:
    if isinstance(layers, str):
        return [(ours, theirs)] if layers == "last" else [(i, round(i * theirs / ours)) for i in range(ours + 1)]
    if not layers or not all(0 <= a <= ours and 0 <= b <= theirs for a, b in layers):
        raise UsageError(
            f"hidden_mse: 'layers' is {list(layers)}; give pairs of a student's state 0..{ours} and a teacher's "
            f"0..{theirs}"
        )
    return list(layers)
