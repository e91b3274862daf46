"""One layer on the row of all documents: of modules for autograd and any device, on shared buffers for inference.

Shapes: B batch, T rows, H heads, D head dim, E width.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ._dense import FeedForward, project_into
from ._rows import Packing, Rows, sliced, split, surrounded
from ._scheme import Layer, Scheme
from ._short import Short, short_of


class Step:
    """One layer, of modules that autograd, autocast and any device understand."""

    def __init__(self, scheme: Scheme, layers: Iterable[Layer], packed: Packing, hidden: Tensor) -> None:
        self.scheme, self.documents, self.total = scheme, packed.documents, len(hidden)
        self.short = short_of(packed.documents, hidden.device)
        self.reaches = [[scheme.margins(layer, document) for document in self.documents] for layer in layers]

    def margins(self, reaches: list[tuple[int, int]]) -> tuple[int, int]:
        """Rows of filler before and behind the row of all documents."""
        before = max(reach[0] - d.first for reach, d in zip(reaches, self.documents, strict=True))
        after = max(reach[1] + d.first + d.length for reach, d in zip(reaches, self.documents, strict=True))
        return max(before, 0), max(after - self.total, 0)

    def attended(self, layer: Layer, hidden: Tensor, rows: tuple[Tensor, ...], before: int) -> Tensor:
        """Attends document by document, or within all of them at once where they are short.

        Args:
            layer: The layer.
            hidden: Its input, (T, E).
            rows: Queries, keys and values, each (rows with filler, E).
            before: Rows of filler before the first document.
        """
        if self.short is not None:
            q, k, v = (split(row[before : before + self.total], -1, layer.heads, -1) for row in rows)
            together = self.scheme.together(layer, hidden, Rows(q, k, v, 0), self.short)
            if together is not None:
                return together
        reaches = self.reaches[layer.number]
        spans = [
            (before + d.first - reach[0], before + d.first + d.length + reach[1])
            for reach, d in zip(reaches, self.documents, strict=True)
        ]
        inputs = sliced((hidden,), [(d.first, d.first + d.length) for d in self.documents])
        parts = sliced([split(row, -1, layer.heads, -1) for row in rows], spans)
        out = [
            self.scheme.context(layer, one, Rows(q, k, v, reach[0]), document)
            for (one,), (q, k, v), reach, document in zip(inputs, parts, reaches, self.documents, strict=True)
        ]
        return out[0] if len(out) == 1 else self.joined(out)

    def joined(self, parts: list[Tensor]) -> Tensor:
        """Puts what the documents attended to end to end, (T, E)."""
        return torch.cat(parts)

    def __call__(self, layer: Layer, part: Any, hidden: Tensor) -> Tensor:
        before, after = self.margins(self.reaches[layer.number])
        filled, module = surrounded(hidden, before, after), layer.module
        context = self.attended(layer, hidden, (module.query(filled), module.key(filled), module.value(filled)), before)
        return _behind(part, context, hidden)


class InferenceStep(Step):
    """One layer on buffers that all layers share."""

    def __init__(self, scheme: Scheme, layers: list[Layer], packed: Packing, hidden: Tensor) -> None:
        super().__init__(scheme, layers, packed, hidden)
        margins = [self.margins(reaches) for reaches in self.reaches]
        self.before, after = (max(side) for side in zip(*margins, strict=True))
        self.rows = hidden.new_empty(3, self.before + len(hidden) + after, hidden.shape[1])
        self.rows[:, : self.before] = self.rows[:, self.before + len(hidden) :] = 0.0
        self.context = torch.empty_like(hidden) if len(packed.documents) > 1 else hidden
        self.behind: FeedForward | None = None

    def joined(self, parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, out=self.context)

    def __call__(self, layer: Layer, part: Any, hidden: Tensor) -> Tensor:
        module = layer.module
        inner = slice(self.before, self.before + len(hidden))
        project_into((module.query, module.key, module.value), hidden, [row[inner] for row in self.rows])
        context = self.attended(layer, hidden, tuple(self.rows), self.before)
        if self.behind is None:
            self.behind = FeedForward(hidden, part.intermediate.dense.out_features)
        self.behind(part, context, hidden)
        return hidden


def _behind(part: Any, context: Tensor, hidden: Tensor) -> Tensor:
    """Everything of a layer behind its attention."""
    attended = part.attention.output(context, hidden)
    out: Tensor = part.output(part.intermediate(attended), attended)
    return out


def last_layer(scheme: Scheme, layer: Layer, part: Any, hidden: Tensor, packed: Packing, short: Short | None) -> Tensor:
    """The last layer for the first token of each sequence alone, (B, E)."""
    context = None if short is None else scheme.firsts(layer, hidden, short)
    if context is None:
        inputs = sliced((hidden,), [(d.first, d.first + d.length) for d in packed.documents])
        each = zip(inputs, packed.documents, strict=True)
        context = torch.cat([scheme.first(layer, one, d) for (one,), d in each])
    rows = hidden.index_select(0, torch.tensor([d.first for d in packed.documents], device=hidden.device))
    out = _behind(part, context, rows)
    if packed.filled is not None:
        at = packed.filled.squeeze(1).nonzero().squeeze(1)
        out = out.new_zeros(packed.batch, out.shape[1]).index_copy_(0, at, out)
    return out
