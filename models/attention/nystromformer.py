"""Nystromformer: softmax attention approximated through landmarks, the means of a text's segments.

Source: Xiong et al. 2021, "Nyströmformer: A Nyström-based Algorithm for Approximating Self-Attention",
arXiv:2102.03902. Checkpoints are those of `transformers.NystromformerModel` and its heads; only the computation is
replaced. Hugging Face's runs at one length only, `segment_means_seq_len`, and on no padding; there, and for one text
at a time, the outputs are the same. Elsewhere they follow from the document alone.
- Landmarks are means of real tokens, in segments as equal as can be.
- The first approximation of the pseudo-inverse is scaled by this document's matrices; Hugging Face looks for the
  largest column sum in the whole batch.
- A document with no more tokens than landmarks gets full attention, as does every one where the configuration has as
  many landmarks as `segment_means_seq_len`, which is how Hugging Face reads that.
- The convolution sees zeros at padding, as in the authors' code.

Shapes: B batch, N tokens of the padded batch, n tokens of one document, H heads, D head dim, E width, L landmarks.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

from . import ATTENTION, AttentionPattern
from ._encoder import Unpadded
from ._families import SOURCES
from ._nystromformer_document import attend_document, convolved
from ._nystromformer_mapping import to_nystromformer
from ._nystromformer_mask import ITERATIONS, mask, reference
from ._rows import Document, Rows, split
from ._scheme import Layer, Scheme
from ._short import Short
from ._swap import unpad, used

__all__ = ["NystromformerModel", "Options", "mask", "reference"]


class Options(BaseModel):
    """What a Nystromformer can be made with."""

    model_config = ConfigDict(extra="forbid")

    num_landmarks: int = Field(64, ge=1, description="Landmarks; texts no longer than that get full attention.")
    conv_kernel_size: int = Field(
        65, ge=1, description="Width, odd, of the convolution added to attention; it begins as zero."
    )

    @field_validator("conv_kernel_size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("give an odd number of tokens")
        return value


class NystromformerScheme(Scheme):
    """Three small attentions, and a convolution where its weights are not zero."""

    def kernel(self, q: Tensor, dropout: float) -> str:
        """Every part is one call of `scaled_dot_product_attention`, whatever the device."""
        return "sdpa"

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """Attends from every token of a document. Hugging Face drops no attention weights, and neither does this."""
        inside = slice(rows.before, rows.before + document.length)
        q, k, v = rows.q[inside], rows.k[inside], rows.v[inside]
        return self._mixed(layer, q, k, v, document).flatten(1)

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """Attends from the first token: keys, values and landmarks still take the whole document."""
        module = layer.module
        q, k, v = (p(hidden).unflatten(-1, (layer.heads, -1)) for p in (module.query, module.key, module.value))
        return self._mixed(layer, q, k, v, document)[:1].flatten(1)

    def sees_all(self, layer: Layer, length: int) -> bool:
        """See `Scheme`; a convolution comes on top."""
        module = layer.module
        return bool(length <= module.num_landmarks or module.num_landmarks == module.seq_len)

    def together(self, layer: Layer, hidden: Tensor, rows: Rows, short: Short) -> Tensor | None:
        """See `Scheme`."""
        module = layer.module
        out = super().together(replace(layer, dropout=0.0), hidden, rows, short)
        if out is None or module.conv_kernel_size is None or not _acts(module.conv.weight):
            return out
        return out + short.unpad(convolved(short.pad(rows.v), module.conv.weight, None)).flatten(1)

    def firsts(self, layer: Layer, hidden: Tensor, short: Short) -> Tensor | None:
        """See `Scheme`; the convolution takes the values of the whole document."""
        module = layer.module
        q, k, v = (split(p(hidden), -1, layer.heads, -1) for p in (module.query, module.key, module.value))
        out = self.together(layer, hidden, Rows(q, k, v, 0), short)
        return None if out is None else short.pad(out)[:, 0]

    def _mixed(self, layer: Layer, q: Tensor, k: Tensor, v: Tensor, document: Document) -> Tensor:
        """(n, H, D)."""
        module = layer.module
        real = None if document.padding is None else ~document.padding
        landmarks = 0 if module.num_landmarks == module.seq_len else module.num_landmarks
        out = attend_document(q, k, v, real, landmarks, exact_init=module.init_option != "original")
        if module.conv_kernel_size is not None and _acts(module.conv.weight):
            out = out + convolved(v, module.conv.weight, real)
        return out


def _acts(weight: Tensor) -> bool:
    """Whether a convolution must be computed: a converted model's is zero until it is trained."""
    if weight.device.type != "cpu" or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return True
    return bool(weight.any())


def _without_pooler(pooler_output: None = None, **values: Any) -> BaseModelOutputWithPastAndCrossAttentions:
    return BaseModelOutputWithPastAndCrossAttentions(**values)


class NystromformerModel(Unpadded, transformers.NystromformerModel):  # type: ignore[no-untyped-call]
    """`transformers.NystromformerModel` without padding, for texts of any length."""

    scheme = NystromformerScheme()
    output = staticmethod(_without_pooler)
    pooler = None


def draw(length: int, options: Options) -> Tensor:
    """Which tokens a token sees through the same landmark as itself, bool (length, length).

    All tokens see all, through the landmarks; the segments are what there is to draw.
    """
    if length <= options.num_landmarks:
        return torch.ones(length, length, dtype=torch.bool)
    members = mask(torch.arange(options.num_landmarks), torch.arange(length), length, options.num_landmarks)
    return (members.T.float() @ members.float()) > 0


def pairs(length: int, config: Any) -> int:
    """Pairs that a head scores; the inverse and the convolution in pairs of as many operations."""
    landmarks: int
    landmarks, dim = config.num_landmarks, config.hidden_size // config.num_attention_heads
    if landmarks in (config.segment_means_seq_len, 0) or length <= landmarks:
        return length**2
    inverse = 2 * ITERATIONS * landmarks**3 // dim
    convolution = length * (config.conv_kernel_size or 0) // 2
    total: int = 2 * length * landmarks + landmarks**2 + inverse + convolution
    return total


ATTENTION.register("nystromformer")(
    AttentionPattern(
        name="nystromformer",
        model_types=("nystromformer",),
        sources=SOURCES,
        options=Options,
        convert=to_nystromformer,
        accelerate=partial(unpad, classes={transformers.NystromformerModel: NystromformerModel}),
        implementation=used,
        draw=draw,
        pairs=pairs,
    )
)
