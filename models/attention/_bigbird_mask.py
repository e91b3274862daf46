"""BigBird's blocks as a predicate, and the dense attention that follows from it.

Shapes: n tokens of a document, S tokens a block, r random blocks, M inner blocks, H heads, D head dim.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ._bigbird_blocks import Blocks, random_blocks
from ._masks import dense


def mask(q: Tensor, kv: Tensor, is_padding: Tensor, size: int, chosen: Tensor | None = None) -> Tensor:
    """Says which query sees which key of a text long enough for blocks.

    Args:
        q: Positions of the queries, (Q,).
        kv: Positions of the keys, (K,).
        is_padding: Tokens that are padding, bool (n,).
        size: S.
        chosen: Random blocks of the inner blocks, (H, M, r); None for none.

    Returns:
        bool (1 or H, Q, K).
    """
    asks, seen, last = q[:, None] // size, kv[None] // size, (len(is_padding) - 1) // size
    near = (asks - seen).abs() <= 1
    ends = (asks == 0) | (asks == last) | (seen == 0) | (seen == last)
    allowed = (near | ends)[None]
    if chosen is not None:
        row = (asks[:, 0] - 1).clamp(0, chosen.shape[1] - 1)
        allowed = allowed | (chosen[:, row, None, :] == seen[None, ..., None]).any(-1)
    return allowed & ~is_padding[kv]


def reference(q: Tensor, k: Tensor, v: Tensor, is_padding: Tensor, blocks: Blocks, layer: int = 0) -> Tensor:
    """Computes BigBird attention densely, (H, n, D), to hold faster paths against; zero where nothing is seen."""
    at = torch.arange(len(is_padding), device=is_padding.device)
    if not blocks.sparse(len(at)):
        return dense(q, k, v, ~is_padding[None])
    chosen, bias = chosen_blocks(blocks, len(at), len(q), layer), None
    if blocks.semantics == "hf":
        asks, last = at[:, None] // blocks.size, (len(at) - 1) // blocks.size
        again = (asks > 0) & (asks < last) & (at < blocks.size)
        bias = again * math.log1p(blocks.random)
    return dense(q, k, v, mask(at, at, is_padding, blocks.size, chosen), bias)


def chosen_blocks(blocks: Blocks, length: int, heads: int, layer: int) -> Tensor | None:
    """Returns the random blocks of the inner blocks, (H, M, r); None where none count as such."""
    if blocks.semantics == "hf" or not blocks.random:
        return None
    return random_blocks(blocks.count(length), heads, blocks.random, blocks.seed, layer)
