"""Relations between the tokens of a text, row by row (Wang et al. 2020, MiniLM; Wang et al. 2021, MiniLMv2).

A relation is the softmax over all tokens of the scaled products of one token's vector with theirs. Its size does not
depend on the models' widths, so a student may be narrower. Vectors come from the layer's own query, key and value
modules, applied to its input once more: a fused kernel may never call these modules, and this way each attention
pattern is compared over all pairs of tokens, whichever it attends to itself.

Cost: relation heads x rows x tokens products in each model, computed in blocks of rows; `rows` caps it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonerd.errors import GonerdError, UsageError

from . import Encoded, LossOptions, StateLoss, precise
from ._sums import chunked_sum

Relation = tuple[str, str]
_BLOCK = 256  # rows of a relation in memory at once


class RelationOptions(LossOptions):
    """Options of the terms over relations.

    Attributes:
        student_layer: Layer of the student, counted from 0; -1 is the last.
        teacher_layer: Layer of the teacher. MiniLMv2 found an upper middle one better than the last for large teachers.
        heads: Relation heads, into which both models' vectors are split; the teacher's attention heads when None.
        rows: Compare at most about this many evenly spread rows of an example, others each time; all when None.
    """

    student_layer: int = -1
    teacher_layer: int = -1
    heads: int | None = Field(default=None, ge=1)
    rows: int | None = Field(default=None, ge=1)


class RelationLoss(StateLoss):
    """KL divergence from the student's relations to the teacher's, the mean over heads and kinds of relation."""

    Options = RelationOptions

    def __init__(self, options: Any, student: PreTrainedModel, teacher: PreTrainedModel) -> None:
        super().__init__(options, student, teacher)
        self.heads = options.heads or teacher.config.num_attention_heads
        for who, model in (("student", student), ("teacher", teacher)):
            if model.config.hidden_size % self.heads:
                raise UsageError(
                    f"{type(self).__name__}: 'heads' is {self.heads}, which does not divide the {who}'s width "
                    f"{model.config.hidden_size}; give a number that divides both"
                )
        self._student_layer = _layer(options.student_layer, student, "student_layer")
        self._teacher_layer = _layer(options.teacher_layer, teacher, "teacher_layer")
        self.student_states, self.teacher_states = (self._student_layer,), (self._teacher_layer,)

    def relations(self) -> Sequence[Relation]:
        """Lists the relations: pairs of "query", "key" and "value"."""
        raise NotImplementedError

    def forward(self, student: Encoded, teacher: Encoded, real: Tensor, keys: Tensor) -> Tensor:
        """Returns the sum over real tokens, estimated from the rows compared."""
        names = sorted({name for pair in self.relations() for name in pair})
        ours = _vectors(student, self._student_layer, names)
        with torch.no_grad():
            theirs = _vectors(teacher, self._teacher_layer, names)
        # One tensor an example, so that a block's gradient is no larger than its example.
        chunks: list[tuple[int, dict[str, Tensor], Tensor, int]] = []
        tensors: list[Tensor] = []
        for b in range(len(real)):
            target = {name: theirs[name][b][real[b]] for name in names}
            rows = self._rows(int(real[b].sum()), int(keys[b]), real.device)
            chunks += [(len(tensors), target, block, len(rows)) for block in torch.split(rows, _BLOCK)]
            tensors += [ours[name][b][real[b]] for name in names]

        def one(chunk: int, vectors: Sequence[Tensor]) -> Tensor:
            first, target, rows, count = chunks[chunk]
            mine = dict(zip(names, vectors[first : first + len(names)], strict=True))
            scale = len(target[names[0]]) / count / len(self.relations())
            terms = [_divergence(mine[a], mine[b], target[a], target[b], rows, self.heads) for a, b in self.relations()]
            return (torch.stack(terms).sum() * scale).reshape(1)

        return chunked_sum(one, len(chunks), precise(student.last.new_ones(1)), tensors)[0]

    def _rows(self, count: int, key: int, device: torch.device) -> Tensor:
        stride = 1 if self.options.rows is None else math.ceil(count / self.options.rows)
        return torch.arange(key % stride, count, stride, device=device)


def _layer(number: int, model: PreTrainedModel, option: str) -> int:
    count = model.config.num_hidden_layers
    if not -count <= number < count:
        raise UsageError(f"{option!r} is {number}; the model has layers 0..{count - 1}")
    return int(number % count)


def _vectors(encoded: Encoded, layer: int, names: Sequence[str]) -> dict[str, Tensor]:
    attention = getattr(getattr(encoded.layers[layer], "attention", None), "self", None)
    modules = {name: getattr(attention, name, None) for name in names}
    if not all(isinstance(module, nn.Module) for module in modules.values()):
        raise GonerdError("the layers have no attention.self.query, .key and .value; leave the losses of relations out")
    return {name: module(encoded.states[layer]) for name, module in modules.items() if module is not None}


def _divergence(sa: Tensor, sb: Tensor, ta: Tensor, tb: Tensor, rows: Tensor, heads: int) -> Tensor:
    """Sums over rows the mean over heads of KL(teacher's relation || student's)."""
    ours, theirs = _log_relation(sa, sb, rows, heads), _log_relation(ta, tb, rows, heads)
    return F.kl_div(ours, theirs, reduction="sum", log_target=True) / heads


def _log_relation(a: Tensor, b: Tensor, rows: Tensor, heads: int) -> Tensor:
    """From (N, E) twice to the logarithms (heads, R, N) of a relation's rows."""
    size = a.shape[-1] // heads
    q = a[rows].reshape(-1, heads, size).transpose(0, 1)
    k = b.reshape(-1, heads, size).permute(1, 2, 0)
    return precise((q @ k) / math.sqrt(size)).log_softmax(-1)
