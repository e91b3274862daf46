"""BigBird attention of one document: inner blocks see a view of the row of keys and its ends, the ends see the row.

Shapes: n tokens of a document, C blocks of S tokens, r random blocks, M = C - 2 inner blocks, H heads, D head dim.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedConfig

from gonerd.errors import GonerdError

from ._bigbird_blocks import Blocks
from ._bigbird_mask import chosen_blocks
from ._few import first_sees_all
from ._kernel import Keys, Windows, attend
from ._masks import additive
from ._rows import Document, Rows, split
from ._scheme import Layer, Scheme


def blocks_of(config: Any) -> Blocks:
    """Reads what a configuration says.

    Raises:
        GonerdError: `gonerd_bigbird` is neither "hf" nor "random".
    """
    semantics = getattr(config, "gonerd_bigbird", "hf")
    if semantics not in ("hf", "random"):
        raise GonerdError(f"config.json: field 'gonerd_bigbird' is {semantics!r}; give 'hf' or 'random'")
    full, seed = config.attention_type == "original_full", getattr(config, "gonerd_bigbird_seed", 0)
    return Blocks(config.block_size, config.num_random_blocks, semantics, seed, full)


class BigBirdScheme(Scheme):
    """Inner blocks see a view of the row of keys and a copy of its ends; the ends see the row."""

    def name(self, config: PreTrainedConfig) -> str:
        """See `Scheme`."""
        blocks = blocks_of(config)
        return "full" if blocks.full else blocks.semantics

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """See `Scheme`."""
        blocks = blocks_of(layer.config)
        if not blocks.sparse(document.length):
            return 0, 0
        return 0, blocks.count(document.length) * blocks.size - document.length

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """See `Scheme`."""
        blocks, length = blocks_of(layer.config), document.length
        q, k, v = (row[:length].transpose(0, 1)[None] for row in (rows.q, rows.k, rows.v))
        whole = Keys(k, v, document.closed(q.dtype))
        if not blocks.sparse(length):
            return attend(q, [whole], layer.dropout)[0].transpose(0, 1).flatten(1)
        size, count = blocks.size, blocks.count(length)
        tail = (count - 1) * size
        # Its windows reach a block to either side; the filler behind the last block is forbidden with it.
        near, ends = document.settle(("bigbird", q.dtype), lambda: _biases(document, blocks, q))
        inner = split(rows.q[size:tail], 0, count - 2, size).transpose(1, 2)
        sets: list[Keys | Windows] = [
            Windows(rows.k, rows.v, 0, size, 3 * size, near),
            Keys(*_ends(k, v, size, tail), ends),
        ]
        chosen = chosen_blocks(blocks, length, layer.heads, layer.number)
        if chosen is not None:
            sets.append(_at_random(rows, document, size, chosen.to(q.device)))
        asking = torch.cat([q[:, :, :size], q[:, :, tail:]], 2)
        outer = attend(asking, [whole])[0].transpose(0, 1)
        middle = attend(inner, sets).transpose(1, 2).flatten(0, 1)
        return torch.cat([outer[:size], middle, outer[size:]]).flatten(1)

    def sees_all(self, layer: Layer, length: int) -> bool:
        """See `Scheme`."""
        return not blocks_of(layer.config).sparse(length)

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """See `Scheme`."""
        return first_sees_all(layer, hidden, document)


def _biases(document: Document, blocks: Blocks, like: Tensor) -> tuple[Tensor, Tensor]:
    """What inner blocks add to the scores of their windows, (M, 1, 1, 3 S), and of the ends, (1, 1, 1, keys)."""
    size, count = blocks.size, blocks.count(document.length)
    at = torch.arange(count * size, device=like.device)
    real = at < document.length
    if document.padding is not None:
        real[: document.length] &= ~document.padding
    is_end = (at < size) | (at >= (count - 1) * size)
    near = additive(real & ~is_end, like.dtype).unfold(0, 3 * size, size)[:, None, None]
    ends = additive(real, like.dtype)[is_end & (at < document.length)]
    if blocks.semantics == "hf":
        ends[:size] += math.log1p(blocks.random)
    return near, ends[None, None, None]


def _ends(k: Tensor, v: Tensor, size: int, tail: int) -> tuple[Tensor, Tensor]:
    """Keys and values of the first and the last block, each (1, H, keys, D)."""
    first, last = (torch.cat([t[:, :, :size], t[:, :, tail:]], 2) for t in (k, v))
    return first, last


def _at_random(rows: Rows, document: Document, size: int, chosen: Tensor) -> Keys:
    """Gathers the random blocks of each inner block and head, (M, H, r S, D)."""
    which, heads = chosen.transpose(0, 1), torch.arange(chosen.shape[0], device=chosen.device)[:, None]
    keys, values = (split(row, 0, -1, size).transpose(1, 2)[which, heads].flatten(2, 3) for row in (rows.k, rows.v))
    if document.padding is None:
        return Keys(keys, values)
    room = len(rows.k) - document.length
    seen = split(torch.nn.functional.pad(~document.padding, (0, room)), 0, -1, size)[which].flatten(2)
    return Keys(keys, values, additive(seen, rows.k.dtype).unsqueeze(2))
