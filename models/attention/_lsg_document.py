"""LSG attention of one document on views of the row of keys, each set of keys as a set of its own.

Shapes: G global tokens, n tokens of the document behind them, M blocks of b tokens, T = M * b, H heads, D head dim,
S sparse keys on either side, R sparse keys in all, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gonerd.models.modeling_lsg import LSGConfig, sparse_keys, sparse_starts

from ._kernel import Keys, Windows, attend
from ._masks import additive
from ._rows import Document, Rows
from ._scheme import Layer


@dataclass(frozen=True, slots=True)
class Plan:
    """What a document's length and padding settle.

    Attributes:
        count: M; 0 where every token sees everything.
        real: Which tokens may be seen, bool (T,).
        whole: 0 at global tokens and tokens that may be seen, else -inf, (1, 1, 1, G + n); None where all may.
        local: 0 where a block sees a token of its window, else -inf, (M, 1, 1, 3 * b).
    """

    count: int
    real: Tensor
    whole: Tensor | None
    local: Tensor


def blocks(length: int, config: LSGConfig) -> int:
    """M for a document of so many tokens, the global ones in front included; 0 where every token sees everything."""
    length -= config.num_global_tokens
    return 0 if length <= 2 * config.block_size else -(-length // config.block_size)


def plan_for(document: Document, config: LSGConfig, dtype: torch.dtype, device: Any) -> Plan:
    """Returns what the layers of a forward pass share."""
    return document.settle(("lsg", dtype), lambda: _plan(document, config, dtype, device))


def _plan(document: Document, config: LSGConfig, dtype: torch.dtype, device: Any) -> Plan:
    front, block, count = config.num_global_tokens, config.block_size, blocks(document.length, config)
    seen = torch.ones(document.length, dtype=torch.bool, device=device)
    if document.padding is not None:
        seen &= ~document.padding
    if config.mask_first_token:
        seen[front] = False
    all_seen = document.padding is None and not config.mask_first_token
    whole = None if all_seen else additive(seen, dtype)[None, None, None]
    real = F.pad(seen[front:], (0, max(0, count * block + front - document.length)))
    local = F.pad(real, (block, block)).unfold(0, 3 * block, block)[:count, None, None] if count else real
    return Plan(count, real, whole, additive(local, dtype))


def attend_document(layer: Layer, rows: Rows, document: Document, config: LSGConfig) -> Tensor:
    """Attends from the global tokens and from every token of a document.

    Args:
        layer: The layer.
        rows: Its queries, keys and values; b rows before the document and b rows behind its last block.
        document: The document, its global tokens in front.
        config: The sizes.

    Returns:
        (G + n, E).
    """
    plan = plan_for(document, config, rows.q.dtype, rows.q.device)
    front, block = config.num_global_tokens, config.block_size
    start, stop = rows.before, rows.before + document.length
    keys, values = (x[start:stop].transpose(0, 1)[None] for x in (rows.k, rows.v))
    asking = rows.q[start : start + front if plan.count else stop]
    whole = attend(asking.transpose(0, 1)[None], [Keys(keys, values, plan.whole)], layer.dropout)
    above = whole[0].transpose(0, 1).flatten(1)
    if not plan.count:
        return above
    inner = slice(start + front, start + front + plan.count * block)
    q = rows.q[inner].view(plan.count, block, layer.heads, -1).transpose(1, 2)
    sets: list[Keys | Windows] = [
        Windows(rows.k, rows.v, inner.start - block, block, 3 * block, plan.local),
        Keys(keys[:, :, :front], values[:, :, :front]),
    ]
    if config.has_sparse_keys:
        k, v = (x[inner].transpose(0, 1) for x in (rows.k, rows.v))
        first = rows.q[inner.start : inner.start + 1].transpose(0, 1)
        sets += _sparse_sets(sparse_keys(first, k, v, plan.real, config), plan.count, config)
    out = attend(q, sets, layer.dropout).transpose(1, 2).reshape(-1, above.shape[1])
    return torch.cat([above, out[: document.length - front]])


def _sparse_sets(sparse: tuple[Tensor, Tensor, Tensor], count: int, config: LSGConfig) -> list[Keys | Windows]:
    """The sparse keys left and right of each block's window."""
    left, right, step = sparse_starts(config)
    size = config.sparse_block_size
    # Rows of zeros, as many as the outermost windows reach out.
    beyond = max(0, (count - 1) * step + right + size - sparse[0].shape[1])
    k, v = (F.pad(x, (0, 0, -left, beyond)).transpose(0, 1) for x in sparse[:2])
    there = F.pad(sparse[2], (-left, beyond))
    sets: list[Keys | Windows] = []
    for first in (left, right):
        seen = there[:, first - left :].unfold(1, size, step)[:, :count].transpose(0, 1).unsqueeze(2)
        sets.append(Windows(k, v, first - left, step, size, additive(seen, k.dtype)))
    return sets
