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

Shapes: B batch, N tokens of the padded batch, T rows, G global tokens, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor
from transformers import AutoConfig

from gonerd.models import modeling_lsg
from gonerd.models.heads import HEADS

from . import ATTENTION, AttentionPattern
from ._encoder import Layer, Scheme, Unpadded, unpad, used
from ._families import SOURCES
from ._few import few_rows
from ._lsg_document import attend_document, blocks, plan_for
from ._lsg_mapping import TOKENS, to_lsg
from ._lsg_mask import mask, reference, sparse_mask
from ._lsg_public import CLASSES
from ._rows import Document, Packing, Rows, sliced

__all__ = ["LSGModel", "Options", "mask", "reference", "sparse_mask"]


class Options(BaseModel):
    """What an LSG encoder can be made with; the defaults keep what the source computes on short texts."""

    model_config = ConfigDict(extra="forbid")

    block_size: int = Field(128, ge=1, description="Tokens in a block; a token sees its own and both neighbours.")
    sparse_block_size: int = Field(128, ge=0, description="Sparse keys on either side of the three blocks; 0 for none.")
    sparsity_factor: int = Field(4, ge=0, description="Tokens that a sparse key stands for; 0 for no sparse keys.")
    sparsity_type: Literal["none", "norm", "pooling", "bos_pooling", "stride", "block_stride", "lsh"] = Field(
        "norm", description="How sparse keys are made."
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


class LSGScheme(Scheme):
    """Each block's window, sparse keys left and right of it and global keys, merged."""

    def name(self, config: Any) -> str:
        """The sparsity, as one configuration field changes everything."""
        return str(config.sparsity_type if config.has_sparse_keys else "local")

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """A block on either side of the blocks."""
        config: Any = layer.config
        count, block = blocks(document, config), config.block_size
        return (block, (count + 1) * block + config.num_global_tokens - document.length) if count else (0, 0)

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """Attends from every row of a document, global tokens first."""
        config: Any = layer.config
        return attend_document(layer, rows, document, config)

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """Attends from the first global token, which sees everything."""
        config: Any = layer.config
        plan, module = plan_for(document, config, hidden.dtype, hidden.device), layer.module
        projections = (module.query, module.key, module.value)
        bias = None if plan.whole is None else plan.whole[0, 0]
        return few_rows(hidden[:1], hidden, projections, layer.heads, bias, layer.dropout)


@dataclass(frozen=True, eq=False)
class _Fronted(Packing):
    """A packing whose rows have global tokens in front of each document.

    Attributes:
        inner: The rows that are tokens of the batch.
    """

    inner: Tensor

    def unpack(self, rows: Tensor, copy: bool = False) -> Tensor:
        return super().unpack(rows[self.inner], copy)


def _fronted(packed: Packing, front: int, device: Any) -> _Fronted:
    documents, inner = [], []
    for number, d in enumerate(packed.documents):
        padding = None if d.padding is None else F.pad(d.padding, (front, 0))
        documents.append(Document(d.first + number * front, front + d.length, padding))
        inner.append(torch.arange(d.length, device=device) + (d.first + (number + 1) * front))
    rest = (packed.taken, packed.real, packed.firsts, packed.filled, packed.batch, packed.length)
    return _Fronted(tuple(documents), *rest, torch.cat(inner))


class LSGModel(Unpadded, modeling_lsg.LSGModel):  # type: ignore[no-untyped-call]
    """`modeling_lsg.LSGModel` without padding."""

    scheme = LSGScheme()

    def _layers(self, hidden: Tensor, packed: Packing, kept: list[Tensor] | None, only_first: bool) -> Tensor:
        """Runs all layers with the global tokens in front of each document, and takes them away again."""
        if not packed.documents:
            return super()._layers(hidden, packed, kept, only_first)
        front, pooled = self.config.num_global_tokens, self.config.pool_with_global
        fronted = _fronted(packed, front, hidden.device)
        glob = self.embeddings.global_tokens(len(packed.documents)).to(hidden.dtype)
        parts = sliced((hidden,), [(d.first, d.first + d.length) for d in packed.documents])
        joined = torch.cat([x for one, (part,) in zip(glob, parts, strict=True) for x in (one, part)])
        out = super()._layers(joined, fronted, kept, only_first and pooled)
        if only_first and pooled:
            return out
        rows = out[fronted.inner]
        if pooled:
            heads = torch.tensor([d.first for d in packed.documents], device=hidden.device)
            rows = rows.index_copy(0, heads, out[torch.tensor([d.first for d in fronted.documents], device=out.device)])
        if kept is not None:
            kept[-1] = packed.unpack(rows)
        if not only_first:
            return rows
        firsts = rows[packed.firsts]
        return firsts if packed.filled is None else firsts * packed.filled


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
    )
)
