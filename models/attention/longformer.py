"""Longformer: a local window around each token, and global tokens with projections of their own.

Source: Beltagy, Peters, Cohan 2020, "Longformer: The Long-Document Transformer", arXiv:2004.05150. Checkpoints are
those of `transformers.LongformerModel` and its heads; only the computation is replaced.

Shapes: B documents of up to N tokens, E width.
"""

from __future__ import annotations

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
from ._longformer_document import LongformerScheme
from ._longformer_mask import mask
from ._mapping import remade, widened
from ._swap import unpad, used


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
