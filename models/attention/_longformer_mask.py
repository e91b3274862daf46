"""Longformer attention as a predicate, and the dense attention that follows from it."""

from __future__ import annotations

import torch
from torch import Tensor


def mask(q: Tensor, kv: Tensor, is_global: Tensor, is_padding: Tensor, window: int) -> Tensor:
    """Says which query sees which key (Beltagy et al. 2020, "Longformer", section 3.1).

    Args:
        q: Positions of the queries, (..., Q).
        kv: Positions of the keys, (..., K), for each of the stretches of queries.
        is_global: Tokens with global attention, bool (B, N).
        is_padding: Tokens that are padding, bool (B, N).
        window: Width of the local window; a token sees `window // 2` tokens on either side and itself.

    Returns:
        bool (B, ..., Q, K).
    """
    near = (q.unsqueeze(-1) - kv.unsqueeze(-2)).abs() <= window // 2
    from_global, to_global = is_global[:, q].unsqueeze(-1), is_global[:, kv].unsqueeze(-2)
    return (near | from_global | to_global) & ~is_padding[:, kv].unsqueeze(-2)


def reference(
    local: tuple[Tensor, Tensor, Tensor],
    glob: tuple[Tensor, Tensor, Tensor],
    is_global: Tensor,
    is_padding: Tensor,
    window: int,
) -> Tensor:
    """Computes Longformer attention densely, to hold faster paths against.

    Local tokens use the local projections, global tokens projections of their own for query, key and value
    (Beltagy et al. 2020, section 3.1, "Linear Projections for Global Attention").

    Args:
        local: Query, key and value of the local projections, each (B, H, N, D).
        glob: The same of the global projections.
        is_global: Tokens with global attention, bool (B, N).
        is_padding: Tokens that are padding, bool (B, N).
        window: Width of the local window.

    Returns:
        (B, H, N, D); zero where a token sees nothing.
    """
    at = torch.arange(is_global.shape[1], device=is_global.device)
    is_global = is_global & ~is_padding
    seen = mask(at, at, is_global, is_padding, window)[:, None]
    return torch.where(is_global[:, None, :, None], _dense(*glob, seen), _dense(*local, seen))


def _dense(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    """Softmax attention over the keys that `seen` (B, 1, N, N) allows."""
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    # The lowest finite number, not -inf: a row without any key would become NaN, and its gradient too.
    weights = scores.masked_fill(~seen, torch.finfo(scores.dtype).min).softmax(-1)
    return torch.matmul(weights.masked_fill(~seen, 0.0), v)
