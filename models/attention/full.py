"""Full attention, without padding: every token sees every real token of its document.

For BERT, RoBERTa and the families that share their code. "Converting" to it repeats the positions and keeps the class.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import transformers
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from transformers import PreTrainedModel

from . import ATTENTION, AttentionPattern
from ._encoder import Unpadded
from ._few import first_sees_all
from ._kernel import Keys, attend
from ._mapping import widened
from ._masks import dense
from ._rows import Document, Rows
from ._scheme import Layer, Scheme
from ._swap import unpad, used


class Options(BaseModel):
    """Full attention has none."""

    model_config = ConfigDict(extra="forbid")


def mask(q: Tensor, kv: Tensor, is_padding: Tensor) -> Tensor:
    """Says which query sees which key.

    Args:
        q: Positions of the queries, (..., Q).
        kv: Positions of the keys, (..., K).
        is_padding: Tokens that are padding, bool (n,).

    Returns:
        bool (..., Q, K).
    """
    return ~is_padding[kv].unsqueeze(-2).expand(*q.shape, kv.shape[-1])


def reference(q: Tensor, k: Tensor, v: Tensor, is_padding: Tensor) -> Tensor:
    """Computes full attention densely, (H, n, D), to hold faster paths against."""
    at = torch.arange(len(is_padding), device=is_padding.device)
    return dense(q, k, v, mask(at, at, is_padding))


class FullScheme(Scheme):
    """One set of keys, shared by all queries of a document."""

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """See `Scheme`."""
        q, k, v = (row.transpose(0, 1)[None] for row in (rows.q, rows.k, rows.v))
        keys = Keys(k, v, document.closed(q.dtype))
        return attend(q, [keys], layer.dropout)[0].transpose(0, 1).flatten(1)

    def sees_all(self, layer: Layer, length: int) -> bool:
        """See `Scheme`."""
        return True

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """See `Scheme`."""
        return first_sees_all(layer, hidden, document)


class BertModel(Unpadded, transformers.BertModel):  # type: ignore[no-untyped-call]
    """`transformers.BertModel` without padding."""

    scheme = FullScheme()


class RobertaModel(Unpadded, transformers.RobertaModel):  # type: ignore[no-untyped-call]
    """`transformers.RobertaModel` without padding."""

    scheme = FullScheme()


class XLMRobertaModel(Unpadded, transformers.XLMRobertaModel):  # type: ignore[no-untyped-call]
    """`transformers.XLMRobertaModel` without padding."""

    scheme = FullScheme()


class CamembertModel(Unpadded, transformers.CamembertModel):  # type: ignore[no-untyped-call]
    """`transformers.CamembertModel` without padding."""

    scheme = FullScheme()


_CLASSES: dict[type, type] = {
    transformers.BertModel: BertModel,
    transformers.RobertaModel: RobertaModel,
    transformers.XLMRobertaModel: XLMRobertaModel,
    transformers.CamembertModel: CamembertModel,
}


def _convert(model: PreTrainedModel, max_length: int, options: Options) -> PreTrainedModel:
    return widened(model, max_length)


def draw(length: int, options: Options) -> Tensor:
    """Which token sees which in a text without padding, bool (length, length)."""
    at = torch.arange(length)
    return mask(at, at, at < 0)


def pairs(length: int, config: Any) -> int:
    """Pairs that a head scores; see `AttentionPattern`."""
    return length**2


ATTENTION.register("full")(
    AttentionPattern(
        name="full",
        model_types=("bert", "camembert", "roberta", "xlm-roberta"),
        sources=(),
        options=Options,
        convert=_convert,
        accelerate=partial(unpad, classes=_CLASSES),
        implementation=used,
        draw=draw,
        pairs=pairs,
    )
)
