"""Attention from a few rows to a whole document without projecting the document.

Keys and values cost two products over the whole text, more than all the rest when few rows ask. As
`q · (W h + b) = (q W) · h + q · b` and `Σ p (W h + b) = W (Σ p h) + b Σ p`, the hidden states can serve as keys and
values themselves: exact, and cheaper as long as fewer rows ask than a head is wide.

Shapes: g rows that ask, n tokens, H heads, D head dim, E = H * D.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._kernel import Keys, attend
from ._rows import Document, split

if TYPE_CHECKING:
    from ._scheme import Layer


def few_rows(
    asking: Tensor,
    hidden: Tensor,
    projections: tuple[nn.Module, nn.Module, nn.Module],
    heads: int,
    bias: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Attends from a few rows.

    Args:
        asking: Input of the rows that ask, (..., g, E).
        hidden: Input of all rows, (..., n, E).
        projections: Into queries, keys and values.
        heads: H.
        bias: Added to the scores, broadcastable to (..., H, g, n); -inf forbids, and every row must see something.
        dropout: Probability of dropping an attention weight.

    Returns:
        (..., g, E).
    """
    query, key, value = projections
    q = query(asking).unflatten(-1, (heads, -1)).transpose(-3, -2)
    count, dim = q.shape[-2:]
    if count >= dim or not (isinstance(key, nn.Linear) and isinstance(value, nn.Linear)):
        return _projected(q, hidden, key, value, bias, dropout)
    w_k, w_v = (p.weight.view(heads, dim, -1) for p in (key, value))
    q = q * dim**-0.5
    scores = split(torch.matmul((q @ w_k).flatten(-3, -2), hidden.transpose(-1, -2)), -2, heads, count)
    if key.bias is not None:
        # The same for every key, it falls out of the softmax; kept so that the bias has its (zero) gradient.
        scores = scores + q @ key.bias.view(heads, dim, 1)
    if bias is not None:
        scores = scores + bias
    weights = F.dropout(scores.float().softmax(-1), dropout).to(hidden.dtype)
    mixed = split(torch.matmul(weights.flatten(-3, -2), hidden), -2, heads, count)
    out = torch.matmul(mixed, w_v.transpose(1, 2))
    if value.bias is not None:
        out = out + value.bias.view(heads, 1, dim) * weights.sum(-1, keepdim=True)
    return out.transpose(-3, -2).flatten(-2)


def _projected(
    q: Tensor, hidden: Tensor, key: nn.Module, value: nn.Module, bias: Tensor | None, dropout: float
) -> Tensor:
    """Attends from queries (..., H, g, D) after all, where so many ask that projecting the document costs less."""
    heads, count, _ = q.shape[-3:]
    k, v = (project(hidden).unflatten(-1, (heads, -1)).transpose(-3, -2) for project in (key, value))
    q, k, v = (x if x.dim() == 4 else x[None] for x in (q, k, v))
    added = None if bias is None else bias[(None,) * (4 - bias.dim())].expand(-1, -1, count, -1)
    out = attend(q, [Keys(k, v, added)], dropout).transpose(1, 2).flatten(2)
    return out if hidden.dim() == 3 else out[0]


def first_sees_all(layer: Layer, hidden: Tensor, document: Document) -> Tensor:
    """Attends from the first token of a document to everything in it, with a layer's own projections.

    Args:
        layer: The layer.
        hidden: Its input, (n, E).
        document: The document.

    Returns:
        (1, E).
    """
    module, bias = layer.module, document.closed(hidden.dtype)
    projections = (module.query, module.key, module.value)
    return few_rows(hidden[:1], hidden, projections, layer.heads, None if bias is None else bias[0], layer.dropout)
