"""Swapping the class of loaded models for the unpadded one, and telling what is in use."""

from __future__ import annotations

from typing import Any

from torch import nn

from gonerd.errors import GonerdError

from ._encoder import Unpadded


def unpad(model: nn.Module, classes: dict[type, type]) -> None:
    """Swaps the class of every base model in `model` that has an unpadded one. Doing it twice changes nothing.

    Args:
        model: A model with any head.
        classes: Unpadded classes by the class that each stands in front of.

    Raises:
        GonerdError: A model is a decoder.
    """
    for module in model.modules():
        swapped = classes.get(type(module))
        if swapped is None:
            continue
        config: Any = module.config
        if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
            raise GonerdError(
                f"model type {config.model_type!r} (config.json): field 'is_decoder' or 'add_cross_attention' is set; "
                "only encoders can be accelerated"
            )
        # The class is swapped, not the module: weights, names, hooks and devices stay what they are.
        module.__class__ = swapped
        if module is not model and type(model).__name__.endswith("ForSequenceClassification"):
            # Only while the head runs: whoever calls the base model itself wants every token.
            model.register_forward_pre_hook(_head_begins)
            model.register_forward_hook(_head_ends, always_call=True)


def _head_begins(model: Any, _: Any) -> None:
    model.base_model.reads_first = True


def _head_ends(model: Any, _: Any, output: Any) -> None:
    model.base_model.reads_first = False


def used(model: Any) -> str:
    """Names what computes the attention of a base model: ours, or that of the class as it was loaded."""
    if isinstance(model, Unpadded):
        return model.implementation()
    # Longformer, BigBird and Nystromformer know a single implementation, and say "eager" of it or nothing.
    supports: bool = getattr(model, "_supports_sdpa", False)
    return str(model.config._attn_implementation) if supports else "huggingface"
