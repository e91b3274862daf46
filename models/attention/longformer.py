"""Longformer: a local window around each token, and global tokens with projections of their own.

Source: Beltagy, Peters, Cohan 2020, "Longformer: The Long-Document Transformer", arXiv:2004.05150. Checkpoints are
those of `transformers.LongformerModel` and its heads; only the computation is replaced.

Shapes: n tokens of a document, M blocks of b queries, K keys a block, G global tokens, H heads, D head dim, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.longformer.modeling_longformer import LongformerBaseModelOutputWithPooling

from . import ATTENTION, AttentionPattern
from ._encoder import Unpadded
from ._families import SOURCES
from ._few import few_rows
from ._kernel import Keys, Windows, attend
from ._mapping import remade, widened
from ._masks import additive, dense
from ._rows import Document, Rows, split
from ._scheme import Layer, Scheme
from ._swap import unpad, used

NARROWEST, WIDEST = 64, 128  # queries in a block: wider ones look at more keys in vain, narrower ones starve the kernel


class Options(BaseModel):
    """What a Longformer can be made with."""

    model_config = ConfigDict(extra="forbid")

    window: int = Field(512, ge=2, description="Width of the local window, even; half of it lies on either side.")

    @field_validator("window")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("give an even number of tokens")
        return value


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


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a document's masks and a window settle.

    Attributes:
        block: b.
        count: M.
        reach: Tokens that a block sees on either side of itself.
        bias: 0 where a query sees a key of its window, else -inf, (M, 1, b, K); None where all see all.
        positions: Positions of the global tokens, (G,); None when there are none.
    """

    block: int
    count: int
    reach: int
    bias: Tensor | None
    positions: Tensor | None


def _blocks(length: int, reach: int) -> tuple[int, int, int]:
    """M, b and how far a block reaches out; a single block where windows would be as wide as the text."""
    count = -(-length // min(max(reach, NARROWEST), WIDEST))
    block = -(-length // count)
    return (1, length, 0) if block + 2 * reach >= length else (count, block, reach)


def _plan(document: Document, reach: int, dtype: torch.dtype, device: Any) -> _Plan:
    length = document.length
    count, block, out = _blocks(length, reach)
    flags = torch.zeros(2, length, dtype=torch.bool, device=device)
    for flag, given in zip(flags, (document.marked, document.padding), strict=True):
        if given is not None:
            flag |= given
    positions = None if document.marked is None else flags[0].nonzero().squeeze(1)
    if count > 1:
        return _Plan(block, count, out, _banded(~flags.any(0), count, block, out, dtype), positions)
    if length <= reach + 1 and document.padding is None:
        return _Plan(block, count, out, None, positions)
    at = torch.arange(length, device=device)
    return _Plan(block, count, out, additive(mask(at, at, flags[0], flags[1], 2 * reach), dtype)[None, None], positions)


def _banded(seen: Tensor, count: int, block: int, reach: int, dtype: torch.dtype) -> Tensor:
    """The predicate inside windows, (M, 1, b, K): a band that all blocks share, and keys that no window may show.

    Those are padding, rows outside the document, and global tokens, which are a set of their own.
    """
    keys = torch.nn.functional.pad(seen, (reach, reach + count * block - len(seen)))
    q, kv = torch.arange(block, device=seen.device), torch.arange(-reach, block + reach, device=seen.device)
    nowhere = torch.zeros(int(kv[-1]) + reach + 1, dtype=torch.bool, device=seen.device)
    band = mask(q + reach, kv + reach, nowhere, nowhere, 2 * reach)
    return (additive(keys, dtype).unfold(0, block + 2 * reach, block)[:, None] + additive(band, dtype))[:, None]


class LongformerScheme(Scheme):
    """Blocks of queries over overlapping views of the row of keys, global keys as a second set."""

    def _plan(self, layer: Layer, document: Document, like: Tensor) -> _Plan:
        reach = layer.module.one_sided_attn_window_size
        return document.settle(
            ("longformer", reach, like.dtype), lambda: _plan(document, reach, like.dtype, like.device)
        )

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """See `Scheme`."""
        count, block, reach = _blocks(document.length, layer.module.one_sided_attn_window_size)
        return reach, reach + count * block - document.length

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """See `Scheme`."""
        plan, module = self._plan(layer, document, rows.q), layer.module
        ours = rows.q[rows.before : rows.before + plan.count * plan.block]
        q = split(ours, 0, plan.count, plan.block).transpose(1, 2)
        width = plan.block + 2 * plan.reach
        sets: list[Keys | Windows] = [Windows(rows.k, rows.v, rows.before - plan.reach, plan.block, width, plan.bias)]
        if plan.positions is not None and plan.count > 1:
            at = plan.positions + rows.before
            sets.append(Keys(*(row[at].transpose(0, 1)[None] for row in (rows.k, rows.v))))
        out = attend(q, sets, layer.dropout).transpose(1, 2).reshape(-1, hidden.shape[1])[: document.length]
        if plan.positions is None:
            return out
        projections = (module.query_global, module.key_global, module.value_global)
        asking, closed = hidden[plan.positions], document.closed(hidden.dtype)
        bias = None if closed is None else closed[0]
        spread = few_rows(asking, hidden, projections, layer.heads, bias, layer.dropout)
        return out.index_copy(0, plan.positions, spread.to(out.dtype))

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """See `Scheme`."""
        module = layer.module
        at = torch.arange(document.length, device=hidden.device)
        flags = [
            torch.zeros_like(at, dtype=torch.bool) if f is None else f for f in (document.marked, document.padding)
        ]
        projections = (module.query, module.key, module.value)
        if flags[0][0]:
            projections = (module.query_global, module.key_global, module.value_global)
        seen = mask(at[:1], at, flags[0], flags[1], 2 * module.one_sided_attn_window_size)
        return few_rows(hidden[:1], hidden, projections, layer.heads, additive(seen, hidden.dtype), layer.dropout)


class LongformerModel(Unpadded, transformers.LongformerModel):  # type: ignore[no-untyped-call]
    """`transformers.LongformerModel` without padding."""

    scheme = LongformerScheme()
    output = LongformerBaseModelOutputWithPooling

    def forward(  # type: ignore[override]  # the order is that of the class it stands in front of
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        global_attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **options: Any,
    ) -> Any:
        """Computes hidden states; see `Unpadded.forward`.

        Args:
            input_ids: (B, N).
            attention_mask: (B, N): 0 at padding, 1 elsewhere; 2 marks a global token too.
            global_attention_mask: (B, N), 1 at global tokens.
            token_type_ids: (B, N).
            position_ids: (B, N).
            inputs_embeds: (B, N, E).
            options: `output_hidden_states` and `return_dict`.
        """
        marked = None if global_attention_mask is None else global_attention_mask > 0
        if attention_mask is not None and (attention_mask > 1).any():
            marked = attention_mask > 1 if marked is None else marked | (attention_mask > 1)
        return self.compute(input_ids, attention_mask, marked, token_type_ids, position_ids, inputs_embeds, options)


def to_longformer(model: PreTrainedModel, max_length: int, options: Options) -> PreTrainedModel:
    """Makes a Longformer, or widens one; the global projections begin as copies of the local ones (section 5).

    A question-answering model made from BERT must be called with `global_attention_mask`: left out, Hugging Face looks
    for the three separators of a RoBERTa pair.
    """
    if model.config.model_type != "longformer":
        return remade(model, transformers.LongformerConfig, max_length, _spread, attention_window=options.window)
    result = widened(model, max_length)
    result.config.attention_window = [options.window] * result.config.num_hidden_layers
    body: Any = result.base_model
    for layer in body.encoder.layer:
        layer.attention.self.one_sided_attn_window_size = options.window // 2
    return result


def _spread(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    names = [f"{name}.{kind}" for name in ("query", "key", "value") for kind in ("weight", "bias")]
    return {f"attention.self.{n.replace('.', '_global.')}": weights[f"attention.self.{n}"] for n in names}


def draw(length: int, options: Options) -> Tensor:
    """Which token sees which in a text without padding whose first token is global, bool (length, length)."""
    at = torch.arange(length)
    return mask(at, at, at == 0, at < 0, options.window)


def pairs(length: int, config: Any) -> int:
    """Pairs that a head scores, in the mean of the layers; see `AttentionPattern`."""
    given = config.attention_window
    windows: list[int] = [given] if isinstance(given, int) else given
    reaches = [min(window // 2, length - 1) for window in windows]
    band = [length * (2 * reach + 1) - reach * (reach + 1) for reach in reaches]
    ends = [2 * (length - 1 - reach) for reach in reaches]
    return (sum(band) + sum(ends)) // len(windows)


ATTENTION.register("longformer")(
    AttentionPattern(
        name="longformer",
        model_types=("longformer",),
        sources=SOURCES,
        options=Options,
        convert=to_longformer,
        accelerate=partial(unpad, classes={transformers.LongformerModel: LongformerModel}),
        implementation=used,
        draw=draw,
        pairs=pairs,
    )
)
