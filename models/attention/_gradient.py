"""The gradient of attention in bf16 on a CPU, tile by tile; shapes as in `_flash`.

The fused kernel's gradient packs keys anew for every block of queries, so that with windows of a few hundred keys it
takes one and a half to four times as long as this, and it is faster only for long rows of queries. Scores are float32
products, as the kernel's are: rounded to bf16 they would be off by a thirtieth where they are large, and the weights
made of them would not sum to 1. The other four products multiply what the kernel rounds too.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from gonerd.bf16 import multiplies_bf16

_TILE = 1 << 19  # scores at once: two megabytes, which stay in the second cache
_LONG = 1024  # queries of a set from which on the kernel is faster


_multiplies = cache(multiplies_bf16)  # asked in every layer of every step


def by_tiles(q: Tensor) -> bool:
    """Tells whether this is the faster way to the gradient for such queries, (M, H, b, D)."""
    return q.dtype == torch.bfloat16 and q.shape[2] < _LONG and _multiplies()


def tiled_gradient(
    grad: Tensor, q: Tensor, k: Tensor, v: Tensor, out: Tensor, total: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the gradients of queries, keys and values.

    Args:
        grad: Gradient of the output, (M, H, b, D).
        q: Queries, (M, H, b, D).
        k: Keys, (M, H, K, D).
        v: Values, (M, H, K, D).
        out: The output, (M, H, b, D), of these keys and whatever others were attended to.
        total: Logarithm of the softmax denominators, (M, H, b), infinity where a query sees nothing.
        bias: What was added to the scores, broadcast to (M, H, b, K).

    Returns:
        (M, H, b, D) and twice (M, H, K, D), laid out as the kernel's are.
    """
    grad_q, grad_k, grad_v = (
        t.new_empty(len(q), t.shape[2], t.shape[1], t.shape[3]).transpose(1, 2) for t in (q, k, v)
    )
    delta, total = (grad.float() * out.float()).sum(-1, keepdim=True), total.unsqueeze(-1)
    for at in _tiles(q, k):
        part = None if bias is None else _part(bias, at)
        parts = _tile(grad[at], q[at], k[at], v[at], delta[at], total[at], part)
        for whole, found in zip((grad_q, grad_k, grad_v), parts, strict=True):
            whole[at] = found.view(whole[at].shape)
    return grad_q, grad_k, grad_v


def _tiles(q: Tensor, k: Tensor) -> list[tuple[slice, slice]]:
    """Slices of blocks and heads whose scores make up a tile, or those of one head where they are more."""
    blocks, heads, scores = len(q), q.shape[1], q.shape[2] * k.shape[2]
    across = max(1, min(heads, _TILE // max(scores, 1)))
    along = max(1, _TILE // max(heads * scores, 1))
    return [
        (slice(m, m + along), slice(h, h + across)) for m in range(0, blocks, along) for h in range(0, heads, across)
    ]


def _part(bias: Tensor, at: tuple[slice, slice]) -> Tensor:
    """The part of a tile, in float32: adding across types is slow, and fewest numbers are cast before they spread."""
    blocks, heads = (slice(None) if size == 1 else one for size, one in zip(bias.shape[:2], at, strict=True))
    return bias[blocks, heads].float()


def _tile(
    grad: Tensor, q: Tensor, k: Tensor, v: Tensor, delta: Tensor, total: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    scale, shape = q.shape[-1] ** -0.5, (*q.shape[:3], k.shape[2])
    grad, q, k, v, delta, total = (t.flatten(0, 1) for t in (grad, q, k, v, delta, total))
    scores = torch.bmm(q.float().mul_(scale), k.float().transpose(1, 2))
    if bias is not None:
        scores.view(shape).add_(bias)
    weights = scores.sub_(total).exp_()
    ours = torch.bmm(grad, v.transpose(1, 2)).float().sub_(delta).mul_(weights).to(q.dtype)
    weights = weights.to(q.dtype)
    return (
        torch.bmm(ours, k).mul_(scale),
        torch.bmm(ours.transpose(1, 2), q).mul_(scale),
        torch.bmm(weights.transpose(1, 2), grad),
    )
