"""Attention patterns: one module each, found by themselves.

A pattern converts a full-attention encoder into a checkpoint of some class, and swaps that class's computation for a
faster one of the same outputs. To add one, write `attention/<name>.py` that registers an `AttentionPattern`, and its
test. The pieces: `_kernel` attends to several sets of keys at once, `_encoder` runs a model without padding and hands
a pattern (its `_scheme`) one document at a time, `_mapping` moves weights between families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.registry import Registry

from ._choice import attention_kernel as attention_kernel

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Model = TypeVar("Model", bound="PreTrainedModel")


@dataclass(frozen=True)
class AttentionPattern:
    """What a pattern can do.

    Attributes:
        name: As users type it, for instance "longformer".
        model_types: `config.model_type` of the checkpoints that it accelerates.
        sources: Model types that it converts from, beside its own.
        options: What a model can be made with: a pydantic model that refuses unknown fields.
        convert: (model, max_length, options) -> a new model that shares no storage with the given one.
        accelerate: Swaps the computation inside a model of one of `model_types`, in place; same weights, same outputs.
        implementation: Names what computes the attention of a base model ("unpadded-flash-merge",
            "huggingface").
        draw: (length, options) -> which token sees which, bool (length, length).
        pairs: (length, configuration) -> how many pairs of a query and a key one head of one layer must score, for a
            text without padding whose first token is global; what else attention costs, in the same coin.
    """

    name: str
    model_types: tuple[str, ...]
    sources: tuple[str, ...]
    options: type[BaseModel]
    convert: Callable[[PreTrainedModel, int, Any], PreTrainedModel]
    accelerate: Callable[[PreTrainedModel], None]
    implementation: Callable[[PreTrainedModel], str]
    draw: Callable[[int, Any], Tensor]
    pairs: Callable[[int, Any], int]

    def read_options(self, given: Mapping[str, Any]) -> BaseModel:
        """Checks options by name.

        Raises:
            UsageError: One is unknown or has a value that cannot be.
        """
        for name in given:
            if not self.options.model_fields:
                raise UsageError(f"{self.name!r} attention has no options; leave out {name!r}")
            if name not in self.options.model_fields:
                raise unknown_name(f"option of {self.name!r} attention", name, self.options.model_fields)
        try:
            return self.options(**given)
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"{part} is {given.get(str(part))!r}: " for part in first["loc"])
            raise UsageError(f"{self.name}: {where}{first['msg'].removeprefix('Value error, ')}") from error

    def describe(self) -> str:
        """Lists in a few lines what the pattern accelerates, what it converts and its options with their defaults."""
        lines = [f"{self.name}: accelerates {', '.join(self.model_types)}"]
        if self.sources:
            lines.append(f"  converts {', '.join(self.sources)}")
        lines += [f"  {name}={field.default}  {field.description}" for name, field in self.options.model_fields.items()]
        return "\n".join(lines)


ATTENTION: Registry[AttentionPattern] = Registry("attention", "gonerd.models.attention")


def pattern_of(model: PreTrainedModel) -> AttentionPattern | None:
    """Returns the pattern whose checkpoints `model` is one of, if any."""
    patterns = (ATTENTION.get(name) for name in ATTENTION.names())
    return next((pattern for pattern in patterns if model.config.model_type in pattern.model_types), None)


def accelerate(model: Model, int8: bool = False) -> Model:
    """Swaps a model's attention for the fast path of its pattern, in place. Doing it twice changes nothing.

    Args:
        model: A Hugging Face model with any head, for instance a Longformer from the hub.
        int8: Compute the dense layers in 8-bit integers: about twice as fast on x86 processors, for predictions
            only, and not exact. The parameters stay float32, beside an integer copy; what is saved is them. False
            goes back to float32.

    Returns:
        The same object.

    Raises:
        GonerdError: No pattern knows the model's type, it is a decoder, or int8 cannot be computed here.
    """
    from ._int8_layers import set_int8

    pattern = pattern_of(model)
    if pattern is None:
        known = ", ".join(sorted(kind for name in ATTENTION.names() for kind in ATTENTION.get(name).model_types))
        raise GonerdError(
            f"model type {model.config.model_type!r} has no fast attention here (known: {known}); "
            "convert the model first"
        )
    pattern.accelerate(model)
    set_int8(model.base_model, int8)
    return model


def attention_used(model: PreTrainedModel) -> str:
    """Names the attention that `model` will really compute, read off the modules it consists of.

    Returns:
        "<model type>/<implementation>", for instance "longformer/unpadded-flash-merge" or "bert/sdpa".
    """
    pattern, base = pattern_of(model), cast("PreTrainedModel", model.base_model)
    if pattern is not None:
        return f"{model.config.model_type}/{pattern.implementation(base)}"
    found = {
        str(getattr(getattr(module, "config", None), "_attn_implementation", None))
        for module in model.modules()
        if type(module).__name__.endswith("SelfAttention")
    }
    return f"{model.config.model_type}/{'+'.join(sorted(found)) or 'unknown'}"
