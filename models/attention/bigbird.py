"""BigBird: a window of three blocks, the two ends of the text for everyone, and random blocks.

Source: Zaheer et al. 2020, "Big Bird: Transformers for Longer Sequences", arXiv:2007.14062, section 2 and appendix D.
Checkpoints are those of `transformers.BigBirdModel` and its heads. There are two semantics; the field
`gonerd_bigbird` of the configuration says which is meant:

- "hf", when the field is missing: what transformers computes in evaluation. It draws no random blocks then, but counts
  the first block once more for each, so that everyone but the two ends sees it 1 + r times. Here training does so too.
- "random": the paper's. The blocks follow from `gonerd_bigbird_seed`, the layer, the head and the number of blocks of
  the document: the same in training and evaluation, on any machine.

A document no longer than (5 + 2 r) blocks has full attention, each by itself. Attention weights are never dropped, as
in transformers' block-sparse attention.

Shapes: n tokens of a document, C blocks of S tokens, r random blocks, M = C - 2 inner blocks, H heads, D head dim.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal

import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from gonerd.errors import GonerdError

from . import ATTENTION, AttentionPattern
from ._bigbird_blocks import Blocks, random_blocks
from ._encoder import Unpadded
from ._families import SOURCES
from ._few import first_sees_all
from ._kernel import Keys, Windows, attend
from ._mapping import remade, widened
from ._masks import additive, dense
from ._rows import Document, Rows, split
from ._scheme import Layer, Scheme
from ._swap import unpad, used


class Options(BaseModel):
    """What a BigBird can be made with."""

    model_config = ConfigDict(extra="forbid")

    block_size: int = Field(64, ge=1, description="Tokens of a block.")
    num_random_blocks: int = Field(3, ge=0, description="Random blocks that each block sees.")
    semantics: Literal["hf", "random"] = Field("hf", description="What transformers computes, or the paper's.")
    seed: int = Field(0, ge=0, description="Seed of the random blocks.")

    def blocks(self) -> Blocks:
        """Returns the numbers that settle what blocks see."""
        return Blocks(self.block_size, self.num_random_blocks, self.semantics, self.seed)


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
    chosen, bias = _chosen(blocks, len(at), len(q), layer), None
    if blocks.semantics == "hf":
        asks, last = at[:, None] // blocks.size, (len(at) - 1) // blocks.size
        again = (asks > 0) & (asks < last) & (at < blocks.size)
        bias = again * math.log1p(blocks.random)
    return dense(q, k, v, mask(at, at, is_padding, blocks.size, chosen), bias)


def _chosen(blocks: Blocks, length: int, heads: int, layer: int) -> Tensor | None:
    if blocks.semantics == "hf" or not blocks.random:
        return None
    return random_blocks(blocks.count(length), heads, blocks.random, blocks.seed, layer)


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
        chosen = _chosen(blocks, length, layer.heads, layer.number)
        if chosen is not None:
            sets.append(_at_random(rows, document, size, chosen.to(q.device)))
        asking = torch.cat([q[:, :, :size], q[:, :, tail:]], 2)
        outer = attend(asking, [whole])[0].transpose(0, 1)
        middle = attend(inner, sets).transpose(1, 2).flatten(0, 1)
        return torch.cat([outer[:size], middle, outer[size:]]).flatten(1)

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


class BigBirdModel(Unpadded, transformers.BigBirdModel):  # type: ignore[no-untyped-call]
    """`transformers.BigBirdModel` without padding; never switches to full attention for good."""

    scheme = BigBirdScheme()


def to_bigbird(model: PreTrainedModel, max_length: int, options: Options) -> PreTrainedModel:
    """Makes a BigBird, or changes one: more positions, other blocks."""
    if model.config.model_type == "big_bird":
        result = widened(model, max_length)
    else:
        result = remade(model, transformers.BigBirdConfig, max_length)
    config: Any = result.config
    body: Any = result.base_model
    body.block_size = options.block_size
    config.block_size, config.num_random_blocks = options.block_size, options.num_random_blocks
    config.gonerd_bigbird, config.gonerd_bigbird_seed = options.semantics, options.seed
    for layer in body.encoder.layer:
        attention = layer.attention.self
        attention.block_size, attention.num_random_blocks = options.block_size, options.num_random_blocks
        attention.max_seqlen = config.max_position_embeddings
    return result


def draw(length: int, options: Options) -> Tensor:
    """Which token sees which in a text without padding, in the first head of the first layer."""
    at, blocks = torch.arange(length), options.blocks()
    if not blocks.sparse(length):
        return torch.ones(length, length, dtype=torch.bool)
    return mask(at, at, at < 0, blocks.size, _chosen(blocks, length, 1, 0))[0]


def pairs(length: int, config: Any) -> int:
    """Pairs that a head scores; see `AttentionPattern`."""
    blocks = blocks_of(config)
    if not blocks.sparse(length):
        return length**2
    size, inner = blocks.size, blocks.count(length) - 2
    ends = length - inner * size
    near = (3 * inner - 2) * size**2
    chosen = inner * blocks.random * size**2 if blocks.semantics == "random" else 0
    return ends * length + inner * size * ends + near + chosen


ATTENTION.register("bigbird")(
    AttentionPattern(
        name="bigbird",
        model_types=("big_bird",),
        sources=SOURCES,
        options=Options,
        convert=to_bigbird,
        accelerate=partial(unpad, classes={transformers.BigBirdModel: BigBirdModel}),
        implementation=used,
        draw=draw,
        pairs=pairs,
    )
)
