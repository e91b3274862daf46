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


def chosen(states: list[Tensor], wanted: Any) -> tuple[Tensor | None, ...]:
    """Keeps the hidden states that were wanted, the others as None."""
    if wanted is True:
        return tuple(states)
    numbers = {n % len(states) for n in ([wanted] if isinstance(wanted, int) else wanted)}
    return tuple(state if n in numbers else None for n, state in enumerate(states))


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
