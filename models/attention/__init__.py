"""Attention patterns: one module each, found by themselves.

A pattern converts a full-attention encoder into a checkpoint of a Hugging Face class, and swaps that class's
attention for a faster computation of the same outputs. To add one, write `attention/<name>.py` that registers an
`AttentionPattern`, and its test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gonerd.errors import GonerdError
from gonerd.registry import Registry

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

Model = TypeVar("Model", bound="PreTrainedModel")


@dataclass(frozen=True)
class AttentionPattern:
    """What a pattern can do.

    Attributes:
        name: As users type it, for instance "longformer".
        model_type: `config.model_type` of the checkpoints it makes and accelerates.
        sources: Model types that it converts from.
        convert: (model, max_length, window) -> a new model that shares no storage with the given one.
        accelerate: Swaps the attention inside a model of `model_type`, in place; same weights, same outputs.
        implementation: Names the implementation of one attention module ("blocked-sdpa", "huggingface"), or
            None for any other module.
    """

    name: str
    model_type: str
    sources: tuple[str, ...]
    convert: Callable[[PreTrainedModel, int, int], PreTrainedModel]
    accelerate: Callable[[PreTrainedModel], None]
    implementation: Callable[[nn.Module], str | None]


ATTENTION: Registry[AttentionPattern] = Registry("attention", "gonerd.models.attention")


def pattern_of(model: PreTrainedModel) -> AttentionPattern | None:
    """Returns the pattern whose checkpoints `model` is one of, if any."""
    patterns = (ATTENTION.get(name) for name in ATTENTION.names())
    return next((pattern for pattern in patterns if pattern.model_type == model.config.model_type), None)


def accelerate(model: Model) -> Model:
    """Swaps a model's attention for the fast path of its pattern, in place. Doing it twice changes nothing.

    Args:
        model: A Hugging Face model with any head, for instance a Longformer from the hub.

    Returns:
        The same object.

    Raises:
        GonerdError: No pattern knows the model's type.
    """
    pattern = pattern_of(model)
    if pattern is None:
        known = ", ".join(ATTENTION.get(name).model_type for name in ATTENTION.names())
        raise GonerdError(
            f"model type {model.config.model_type!r} has no fast attention here (known: {known}); "
            "convert the model first"
        )
    pattern.accelerate(model)
    return model


def attention_used(model: PreTrainedModel) -> str:
    """Names the attention that `model` will really compute, read off the modules it consists of.

    Returns:
        "<model type>/<implementation>", for instance "longformer/blocked-sdpa" or "bert/sdpa"; several
        implementations, should layers differ, are joined by "+".
    """
    pattern, found = pattern_of(model), set[str]()
    for module in model.modules():
        if pattern is not None:
            name = pattern.implementation(module)
        elif type(module).__name__.endswith("SelfAttention"):
            name = getattr(getattr(module, "config", None), "_attn_implementation", None)
        else:
            name = None
        if name:
            found.add(name)
    return f"{model.config.model_type}/{'+'.join(sorted(found)) or 'unknown'}"
