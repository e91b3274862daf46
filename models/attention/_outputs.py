"""What callers ask of a base model beside its outputs, and which of that an unpadded one has."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedConfig

from gonerd.errors import GonerdError

from ._rows import Packing


def wanted_states(config: PreTrainedConfig, options: dict[str, Any]) -> Any:
    """Checks the options; returns which hidden states are wanted: a bool, a number or numbers."""
    ask = {name: options.get(name) for name in ("output_attentions", "output_hidden_states")}
    ask = {name: getattr(config, name, False) if value is None else value for name, value in ask.items()}
    if ask["output_attentions"]:
        raise GonerdError("output_attentions: accelerated attention keeps no weights; load the model unaccelerated")
    for name in ("encoder_hidden_states", "past_key_values"):
        if options.get(name) is not None:
            raise GonerdError(f"{name}: accelerated models are encoders only; load the model unaccelerated")
    return ask["output_hidden_states"]


class States:
    """Hidden states on their way to the caller: those that were asked for, and None in place of the others.

    Args:
        wanted: True for all, or a number or numbers, which may count from the end; others than there are select none.
        count: How many there are: the layers, and one before them.
        copied: Whether rows are copied, because the next layer works in place.
    """

    def __init__(self, wanted: Any, count: int, copied: bool) -> None:
        numbers = range(count) if wanted is True else [wanted] if isinstance(wanted, int) else wanted
        self.numbers = {n % count for n in numbers if -count <= n < count}
        self.copied = copied
        self.found: list[Tensor | None] = []

    def add(self, rows: Tensor, packed: Packing) -> None:
        """Takes the next one, (T, E)."""
        self.found.append(packed.unpack(rows, self.copied) if len(self.found) in self.numbers else None)

    def last(self) -> Tensor | None:
        """The last one, (B, N, E), where it was asked for."""
        return self.found[-1]


def first_rows(hidden: Tensor, packed: Packing) -> Tensor:
    """The first token of each sequence, (B, E); zero where a sequence is nothing but padding."""
    if not packed.documents:
        return hidden.new_zeros(packed.batch, hidden.shape[1])
    rows = hidden[packed.firsts]
    return rows if packed.filled is None else rows * packed.filled


def put_first(last: Tensor, firsts: Tensor) -> Tensor:
    """Writes the first token of each sequence, (B, E), over the first column of (B, N, E)."""
    last[:, 0] = firsts
    return last


def pooled(model: Any, firsts: Tensor) -> Tensor | None:
    """Applies the pooler, where there is one."""
    if model.pooler is None:
        return None
    is_bigbird = isinstance(model.pooler, nn.Linear)
    out: Tensor = model.activation(model.pooler(firsts)) if is_bigbird else model.pooler(firsts[:, None])
    return out
