"""What a pattern brings to the engine, and what the engine tells it.

Shapes: n tokens of one document, B documents, T rows (the tokens of all of them), H heads, D head dim, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from transformers import PreTrainedConfig

from ._choice import implementation
from ._rows import Document, Rows
from ._short import Short
from ._together import from_firsts, within


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's attention, as a pattern sees it.

    Attributes:
        module: Its self-attention: linear layers `query`, `key`, `value`, and whatever else the family has.
        config: Configuration of the model.
        number: Its place in the model, from 0.
        heads: H.
        dropout: Probability of dropping an attention weight now: 0 in evaluation.
    """

    module: Any
    config: PreTrainedConfig
    number: int
    heads: int
    dropout: float


class Scheme:
    """What a pattern brings: the attention of one document in one layer. It holds no state."""

    def name(self, config: PreTrainedConfig) -> str:
        """Says which attention is computed, in front of the name of the kernel; empty when there is only one."""
        return ""

    def kernel(self, q: Tensor, dropout: float) -> str:
        """Names the kernel that attends from queries, (..., D), and drops weights with some probability."""
        return implementation(q, dropout)

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """Returns how many rows before and behind the document `context` may reach into."""
        return 0, 0

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """Attends from every token of a document.

        Args:
            layer: The layer.
            hidden: Its input, (n, E).
            rows: Its queries, keys and values.
            document: The document.

        Returns:
            (n, E).
        """
        raise NotImplementedError

    def sees_all(self, layer: Layer, length: int) -> bool:
        """Whether every token of a document of so many sees every other, by queries, keys and values alone."""
        return False

    def together(self, layer: Layer, hidden: Tensor, rows: Rows, short: Short) -> Tensor | None:
        """Attends within many short documents at once.

        Args:
            layer: The layer.
            hidden: Its input, (T, E).
            rows: Its queries, keys and values, (T, H, D) each, none around them.
            short: The documents.

        Returns:
            (T, E); None where each of them needs a call of its own.
        """
        return within(layer, rows, short) if self.sees_all(layer, short.length) else None

    def firsts(self, layer: Layer, hidden: Tensor, short: Short) -> Tensor | None:
        """Attends from the first tokens of many short documents, (B, E); None as in `together`."""
        module = layer.module
        projections = (module.query, module.key, module.value)
        return from_firsts(layer, hidden, short, projections) if self.sees_all(layer, short.length) else None

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """Attends from the first token of a document, (1, E), for heads that read no other."""
        raise NotImplementedError


def numbers(attention: Any) -> tuple[int, float]:
    """A self-attention's number of heads and its dropout; the families differ in what they call and keep."""
    heads = getattr(attention, "num_heads", None) or attention.num_attention_heads
    dropout = getattr(attention, "dropout", None)
    if dropout is None:
        dropout = attention.config.attention_probs_dropout_prob if hasattr(attention, "config") else 0.0
    return heads, float(getattr(dropout, "p", dropout)) if attention.training else 0.0
