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
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from transformers import PreTrainedModel

from . import ATTENTION, AttentionPattern
from ._bigbird_blocks import Blocks
from ._bigbird_document import BigBirdScheme, blocks_of
from ._bigbird_mask import chosen_blocks, mask
from ._encoder import Unpadded
from ._families import SOURCES
from ._mapping import remade, widened
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
    return mask(at, at, at < 0, blocks.size, chosen_blocks(blocks, length, 1, 0))[0]


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
