"""Longformer's window and global tokens as a predicate, and the dense attention that follows from it.

Shapes: n tokens of a document, H heads, D head dim.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ._masks import dense


def mask(q: Tensor, kv: Tensor, is_global: Tensor, is_padding: Tensor, window: int) -> Tensor:
    """Says which query sees which key (section 3.1 of the paper).

    Args:
        q: Positions of the queries, (..., Q).
        kv: Positions of the keys, (..., K).
        is_global: Tokens with global attention, bool (n,).
        is_padding: Tokens that are padding, bool (n,).
        window: Width of the local window; a token sees `window // 2` tokens on either side and itself.

    Returns:
        bool (..., Q, K).
    """
    near = (q.unsqueeze(-1) - kv.unsqueeze(-2)).abs() <= window // 2
    from_global, to_global = is_global[q].unsqueeze(-1), is_global[kv].unsqueeze(-2)
    return (near | from_global | to_global) & ~is_padding[kv].unsqueeze(-2)


def reference(
    local: tuple[Tensor, Tensor, Tensor],
    spread: tuple[Tensor, Tensor, Tensor],
    is_global: Tensor,
    is_padding: Tensor,
    window: int,
) -> Tensor:
    """Computes Longformer attention densely, to hold faster paths against.

    Args:
        local: Query, key and value of the local projections, each (H, n, D).
        spread: The same of the global projections, which serve the queries of global tokens (section 3.1, "Linear
            Projections for Global Attention").
        is_global: Tokens with global attention, bool (n,).
        is_padding: Tokens that are padding, bool (n,).
        window: Width of the local window.

    Returns:
        (H, n, D); zero where a token sees nothing.
    """
    at = torch.arange(len(is_global), device=is_global.device)
    is_global = is_global & ~is_padding
    seen = mask(at, at, is_global, is_padding, window)
    return torch.where(is_global[:, None], dense(*spread, seen), dense(*local, seen))
