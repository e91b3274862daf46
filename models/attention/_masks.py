"""Masks as numbers, and dense attention from a mask: what every pattern's reference is made of."""

from __future__ import annotations

import torch
from torch import Tensor


def dense(q: Tensor, k: Tensor, v: Tensor, seen: Tensor, bias: Tensor | None = None) -> Tensor:
    """Softmax attention over the keys that `seen` allows.

    Args:
        q: (..., n, D).
        k: (..., n, D).
        v: (..., n, D).
        seen: bool, broadcastable to (..., n, n).
        bias: Added to the scores, likewise.

    Returns:
        (..., n, D); zero where a query sees nothing.
    """
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if bias is not None:
        scores = scores + bias
    # The lowest finite number, not -inf: a row without any key would become NaN, and its gradient too.
    weights = scores.masked_fill(~seen, torch.finfo(scores.dtype).min).softmax(-1)
    return torch.matmul(weights.masked_fill(~seen, 0.0), v)


def additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where a key is seen, -inf where it is not."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, float("-inf"))
