"""Longformer attention in blocks of queries, on the fused kernel of `scaled_dot_product_attention`.

Shapes: B batch, H heads, N tokens, D head dim, E = H * D, M blocks in the whole batch, G the most global tokens that
any of its sequences has.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

from ._longformer_plan import Plan


def local_rows(q: Tensor, k: Tensor, v: Tensor, heads: int, plan: Plan, dropout: float) -> Tensor:
    """Attends from every token to its window and to the global tokens, with the local projections.

    Args:
        q: Queries, (B, N, E).
        k: Keys, (B, N, E).
        v: Values, (B, N, E).
        heads: H.
        plan: Masks and blocks.
        dropout: Probability of dropping an attention weight.

    Returns:
        (B, N, E). Rows of global tokens hold the local result, to be overwritten by `global_rows`.
    """
    batch, length, width = q.shape
    queries = _heads(_blocks(q, plan.block), heads)
    keys, values = (_windows(x, heads, plan) for x in (k, v))
    out = F.scaled_dot_product_attention(queries, keys, values, plan.bias, dropout)
    return out.transpose(1, 2).reshape(batch, -1, width)[:, :length]


def _blocks(x: Tensor, block: int) -> Tensor:
    """Cuts (B, N, E) into blocks, (M, block, E), the last of each sequence filled up with zeros."""
    extra = -x.shape[1] % block
    return (F.pad(x, (0, 0, 0, extra)) if extra else x).reshape(-1, block, x.shape[2])


def _heads(x: Tensor, heads: int) -> Tensor:
    """(M, N, E) -> (M, H, N, D)."""
    return x.view(*x.shape[:2], heads, x.shape[2] // heads).transpose(1, 2)


def _windows(x: Tensor, heads: int, plan: Plan) -> Tensor:
    """The keys (or values) that each block looks at, (M, H, (2 * reach + 1) * (G + block), D), as a view.

    Two things keep the windows evenly spaced, and so a view that copies nothing: the global keys stand in front of
    every block, of which a window uses its own, and the batch is one long row of blocks, so that a window may reach
    into a neighbouring sequence. The mask forbids the rest.
    """
    blocks, spread = _blocks(x, plan.block), plan.positions.shape[1]
    count, reach, wide = len(blocks), plan.reach, spread + plan.block
    row = x.new_zeros(reach + count + reach, wide, x.shape[2])
    row[reach : reach + count, spread:] = blocks
    if spread:
        front = torch.take_along_dim(x, plan.positions[:, :, None], dim=1)
        row[reach : reach + count, :spread] = front.repeat_interleave(count // len(x), dim=0)
    row = row.view(-1, heads, x.shape[2] // heads)
    return row.unfold(0, (2 * reach + 1) * wide, wide).transpose(-1, -2)


def global_rows(module: LongformerSelfAttention, hidden: Tensor, plan: Plan, dropout: float) -> Tensor:
    """Attends from the global tokens to everything, with projections of their own.

    With few global tokens, projecting the whole text into keys and values costs more than all the rest. As
    `q · (W h + b) = (q W) · h + q · b` and `Σ p (W h + b) = W (Σ p h) + b Σ p`, the hidden states can serve as
    keys and values themselves: exact, and cheaper as long as G < D.

    Args:
        module: Layer that holds the projections.
        hidden: Input of the layer, (B, N, E).
        plan: Masks and positions.
        dropout: Probability of dropping an attention weight.

    Returns:
        (B, G, E).
    """
    batch, _, width = hidden.shape
    heads, dim, count = module.num_heads, module.head_dim, plan.positions.shape[1]
    queries = module.query_global(torch.take_along_dim(hidden, plan.positions[:, :, None], dim=1))
    q = _heads(queries, heads)
    if count >= dim:
        k, v = (_heads(project(hidden), heads) for project in (module.key_global, module.value_global))
        seen = plan.keys[:, None, None, :].expand(-1, 1, count, -1)
        return F.scaled_dot_product_attention(q, k, v, seen, dropout).transpose(1, 2).flatten(2)
    w_k, w_v = (p.weight.view(heads, dim, width) for p in (module.key_global, module.value_global))
    b_k, b_v = (p.bias.view(heads, 1, dim) for p in (module.key_global, module.value_global))
    q = q * dim**-0.5
    # q · b_k is the same for every key and falls out of the softmax; kept so that the bias has its (zero) gradient.
    scores = (q @ w_k).flatten(1, 2) @ hidden.transpose(1, 2) + (q @ b_k.transpose(1, 2)).flatten(1, 2)
    scores = scores.float().masked_fill(~plan.keys[:, None, :], float("-inf"))
    weights = F.dropout(scores.softmax(-1), dropout).to(hidden.dtype)
    mixed = torch.matmul(weights, hidden).view(batch, heads, count, width)
    out = torch.matmul(mixed, w_v.transpose(1, 2)) + b_v * weights.sum(-1).view(batch, heads, count, 1)
    return out.transpose(1, 2).flatten(2)
