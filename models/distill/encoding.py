"""Running an encoder without its head, and keeping the hidden states that some loss reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonerd.errors import GonerdError
from gonerd.models.attention._encoder import Unpadded
from gonerd.models.losses import Encoded
from gonerd.models.windows import takes_global_mask


def vocabulary_of(model: PreTrainedModel) -> nn.Module:
    """Returns the module from hidden states to logits, which takes any positions, not only whole texts.

    Raises:
        GonerdError: The model has no head for masked language modelling.
    """
    head = getattr(model, "lm_head", None) or getattr(getattr(model, "cls", None), "predictions", None)
    if not isinstance(head, nn.Module):
        raise GonerdError(
            f"{model.name_or_path or type(model).__name__}: {type(model).__name__} has no masked-language-model head; "
            "use a checkpoint saved with one"
        )
    return head


def encode(
    model: PreTrainedModel, input_ids: Tensor, attention_mask: Tensor, wanted: Iterable[int], global_first: bool
) -> Encoded:
    """Runs the encoder.

    Args:
        model: A masked language model.
        input_ids: (B, N).
        attention_mask: (B, N), zero at padding.
        wanted: Numbers of the hidden states to keep.
        global_first: Whether the first token is global, in models that know such tokens.

    Returns:
        Last hidden state, the wanted ones, and what makes logits of them.
    """
    body: Any = model.base_model
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
    if global_first and takes_global_mask(body):
        inputs["global_attention_mask"] = torch.zeros_like(input_ids)
        inputs["global_attention_mask"][:, 0] = 1
    layers = body.encoder.layer
    numbers = sorted({i for i in wanted if i < len(layers)})
    unpadded = isinstance(body, Unpadded)
    if unpadded:  # it reads its layers and never calls them
        out = body(**inputs, output_hidden_states=numbers or None)
        last, kept = out.last_hidden_state, {i: out.hidden_states[i] for i in numbers}
    else:
        last, kept = _hooked(body, inputs, numbers)
    return Encoded(last, layers, vocabulary_of(model), {**kept, len(layers): last})


def _hooked(body: Any, inputs: dict[str, Tensor], numbers: Iterable[int]) -> tuple[Tensor, dict[int, Tensor]]:
    """Runs an encoder of Hugging Face's, and keeps no state but the wanted ones."""
    states: dict[int, Tensor] = {}
    hooks = [_keep(body.encoder.layer[i], i, states) for i in numbers]
    try:
        last = body(**inputs).last_hidden_state
    finally:
        for hook in hooks:
            hook.remove()
    length = last.shape[1]
    return last, {i: state[:, :length] for i, state in states.items()}  # some pad to a multiple of their block


def _keep(layer: nn.Module, number: int, states: dict[int, Tensor]) -> Any:
    def keep(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        states[number] = arguments[0] if arguments else named["hidden_states"]

    return layer.register_forward_pre_hook(keep, with_kwargs=True)
