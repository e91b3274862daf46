"""LSG: a local window of three blocks, sparse keys beyond it, and learnt global tokens.

Source: Condevaux, Harispe 2022, "LSG Attention: Extrapolation of pretrained Transformers to long sequences",
arXiv:2210.15497. The model class is `gonerd.models.modeling_lsg`, whose file goes along with every checkpoint.

What the public code computes for one document without padding is what is computed here, with these differences.
- Whether a document is short enough for full attention, and where its blocks lie, depends on the document alone. The
  public code counts the padding of the batch, and puts blocks, global tokens and `mask_first_token` where the row
  begins.
- "bos_pooling" (and "lsh", where a sparse key stands for a whole sparse block) never looks at padding; in the public
  code a stretch of padding gets weight.
- "lsh" hashes by `lsh_seed`, the same in every call. The public code draws anew, so that its outputs are random.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor
from transformers import AutoConfig

from gonerd.models import modeling_lsg
from gonerd.models.heads import HEADS

from . import ATTENTION, AttentionPattern
from ._encoder import Unpadded
from ._families import SOURCES
from ._lsg_encoder import LSGModel
from ._lsg_mapping import TOKENS, to_lsg
from ._lsg_mask import mask, reference, sparse_mask
from ._lsg_public import CLASSES
from ._swap import unpad, used

__all__ = ["LSGModel", "Options", "mask", "reference", "sparse_mask"]


class Options(BaseModel):
    """What an LSG encoder can be made with; the defaults keep what the source computes on short texts."""

    model_config = ConfigDict(extra="forbid")

    block_size: int = Field(128, ge=1, description="Tokens in a block; a token sees its own and both neighbours.")
    sparse_block_size: int = Field(128, ge=0, description="Sparse keys on either side of the three blocks; 0 for none.")
    sparsity_factor: int = Field(4, ge=0, description="Tokens that a sparse key stands for; 0 for no sparse keys.")
    sparsity_type: Literal["none", "norm", "pooling", "bos_pooling", "stride", "block_stride", "lsh"] = Field(
        "norm", description=f"How sparse keys are made: {', '.join(modeling_lsg.SPARSITIES)}."
    )
    num_global_tokens: int = Field(1, ge=1, le=modeling_lsg.GLOBALS, description="Learnt tokens in front of each text.")
    mask_first_token: bool = Field(
        True, description="Hide the text's first token, for which the first global token then stands."
    )
    pool_with_global: bool = Field(True, description="Give heads the first global token for the text's first.")
    first_token_id: int | None = Field(None, ge=0, description="The token that begins a text; the tokenizer's.")
    mask_token_id: int | None = Field(None, ge=0, description="The mask token; the tokenizer's.")

    @model_validator(mode="after")
    def _go_together(self) -> Options:
        self.config()
        return self

    def config(self) -> modeling_lsg.LSGConfig:
        """Returns a configuration with these sizes.

        Raises:
            ValueError: They do not go together.
        """
        return modeling_lsg.LSGConfig(**self.model_dump(exclude=TOKENS))


def draw(length: int, options: Options) -> Tensor:
    """Which token sees which in a text without padding, bool (length, length); sparse keys as all they may stand for.

    The global tokens, which see and are seen by all, are not drawn.
    """
    config, at = options.config(), torch.arange(length)
    if length <= 2 * config.block_size:
        return torch.ones(length, length, dtype=torch.bool)
    seen = mask(at, at, config.block_size)
    if config.has_sparse_keys:
        seen |= sparse_mask(at, at // config.sparsity_factor, config)
    if config.mask_first_token:
        seen[:, 0] = False
    return seen


def pairs(length: int, config: Any) -> int:
    """Pairs that a head scores, those of the global tokens included; see `AttentionPattern`."""
    front: int = config.num_global_tokens
    block: int = config.block_size
    if length <= 2 * block:
        return (front + length) ** 2
    total = front * (front + length) + length * front
    left, right, step = modeling_lsg.sparse_starts(config) if config.has_sparse_keys else (0, 0, 0)
    keys = -(-length // config.sparsity_factor) if config.has_sparse_keys else 0
    for number in range(-(-length // block)):
        start = number * block
        seen = min(length, start + 2 * block) - max(0, start - block)
        for first in (left + number * step, right + number * step):
            seen += max(0, min(keys, first + config.sparse_block_size) - max(0, first))
        total += min(block, length - start) * seen
    return total


def _used(model: Any) -> str:
    """What computes the attention: `modeling_lsg` itself unless it was accelerated."""
    return used(model) if isinstance(model, Unpadded) else "plain"


AutoConfig.register("lsg", modeling_lsg.LSGConfig)
for _head, _made in CLASSES.items():
    HEADS[_head].auto.register(modeling_lsg.LSGConfig, _made)

ATTENTION.register("lsg")(
    AttentionPattern(
        name="lsg",
        model_types=("lsg",),
        sources=SOURCES,
        options=Options,
        convert=to_lsg,
        accelerate=partial(unpad, classes={modeling_lsg.LSGModel: LSGModel}),
        implementation=_used,
        draw=draw,
        pairs=pairs,
    )
)
