"""Which layers of a model compute in 8-bit integers, and switching that on and off."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from gonerd.errors import GonerdError

from ._int8 import Int8Linear


def set_int8(model: Any, wanted: bool) -> None:
    """Makes the dense layers of an unpadded base model compute in int8, or in float32 again.

    Global projections of Longformer stay in float32: few rows pass them.

    Args:
        model: A base model with BERT's names.
        wanted: Whether int8 is wanted.

    Raises:
        GonerdError: The processor, the device, the type of the weights or a layer's class does not allow it.
    """
    layers: dict[str, Any] = dict(_dense_layers(model))
    if not wanted:
        for found in layers.values():
            if type(found) is Int8Linear:
                found.__dict__.pop("_int8", None)
                found.__class__ = nn.Linear  # type: ignore[assignment]
        return
    if platform.machine().lower() not in ("x86_64", "amd64") or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        raise GonerdError("int8=True: needs an x86 processor and a torch with oneDNN; leave it out")
    for name, layer in layers.items():
        if type(layer) not in (nn.Linear, Int8Linear):
            raise GonerdError(f"int8=True: {name} is a {type(layer).__name__}, not a plain linear layer; leave it out")
        if layer.weight.device.type != "cpu" or layer.weight.dtype != torch.float32:
            where = f"{layer.weight.dtype} on {layer.weight.device}"
            raise GonerdError(f"int8=True: {name} is {where}; put the model on the CPU in float32, or leave it out")
    for layer in layers.values():
        layer.__class__ = Int8Linear
        layer.integers()


def uses_int8(model: Any) -> bool:
    """Whether the dense layers of a base model compute in int8."""
    return any(isinstance(layer, Int8Linear) for _, layer in _dense_layers(model))


def _dense_layers(model: Any) -> Iterator[tuple[str, Any]]:
    for number, part in enumerate(model.encoder.layer):
        attention = part.attention.self
        for name in ("query", "key", "value"):
            yield f"layer {number}, {name}", getattr(attention, name)
        for name, inner in (("attention.output", part.attention.output), ("intermediate", part.intermediate)):
            yield f"layer {number}, {name}.dense", inner.dense
        yield f"layer {number}, output.dense", part.output.dense
