"""Attention over several sets of keys on any device, with weights dropped if need be: the sets side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ._sets import Keys, Windows

FORMED = 1 << 22  # weights that are formed at a time


def concatenated(q: Tensor, sets: Sequence[Keys | Windows], dropout: float = 0.0) -> Tensor:
    """See `_kernel.attend`."""
    if not dropout or q.device.type != "cpu":
        return _at_once(q, sets, dropout)
    # Weights that are dropped must be formed: a few blocks at a time, and again for the gradient, not kept.
    across = sum(one.width if isinstance(one, Windows) else one.k.shape[2] for one in sets)
    size = max(1, FORMED // (q.shape[1] * q.shape[2] * across))
    parts = []
    for at in range(0, len(q), size):
        some = [_part(one, len(q), at, size) for one in sets]
        parts.append(checkpoint(_at_once, q[at : at + size], some, dropout, use_reentrant=False))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _part(one: Keys | Windows, count: int, at: int, size: int) -> Keys | Windows:
    """The keys of `size` of `count` blocks from block `at` on."""
    cut = slice(at, at + size)
    bias = one.bias[cut] if one.bias is not None and one.bias.dim() == 4 and len(one.bias) == count else one.bias
    if isinstance(one, Windows):
        return Windows(one.k, one.v, one.first + at * one.step, one.step, one.width, bias)
    k, v = (t[cut] if len(t) == count else t for t in (one.k, one.v))
    return Keys(k, v, bias)


def _at_once(q: Tensor, sets: Sequence[Keys | Windows], dropout: float) -> Tensor:
    keys, values, biases = [], [], []
    for one in sets:
        if isinstance(one, Windows):
            last = one.first + (len(q) - 1) * one.step + one.width
            k, v = (t[one.first : last].unfold(0, one.width, one.step).transpose(-1, -2) for t in (one.k, one.v))
        else:
            k, v = (t.expand(len(q), -1, -1, -1) for t in (one.k, one.v))
        keys.append(k)
        values.append(v)
        bias = q.new_zeros(1) if one.bias is None else one.bias.to(q.dtype)
        biases.append(bias.expand(len(q), bias.shape[1] if bias.dim() > 1 else 1, q.shape[2], k.shape[2]))
    widest = max(bias.shape[1] for bias in biases)
    bias = torch.cat([bias.expand(-1, widest, -1, -1) for bias in biases], -1)
    # Some kernels return NaN for a query that sees nothing.
    nothing = (bias == float("-inf")).all(-1, keepdim=True)
    out = F.scaled_dot_product_attention(
        q, torch.cat(keys, 2), torch.cat(values, 2), bias.masked_fill(nothing, 0.0), dropout
    )
    return out.masked_fill(nothing, 0.0)
