"""The products of one layer, for inference: into buffers made once, a stretch of rows at a time.

A fresh 50 MB tensor for each product costs as much in page faults as a third of the product.

Shapes: T rows, E width, I width of the feed-forward block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.activations import ACT2FN

from ._int8 import Int8Linear, quantised

STRETCH = 1024  # rows of the feed-forward block at a time: its buffer stays in the cache

_IN_PLACE = {
    "gelu": lambda x: torch.ops.aten.gelu_(x),
    "gelu_new": lambda x: torch.ops.aten.gelu_(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: torch.ops.aten.gelu_(x, approximate="tanh"),
    "relu": torch.relu_,
}
_NAMES = {cls[0] if isinstance(cls, tuple) else cls: name for name, cls in ACT2FN.items() if name in _IN_PLACE}


def project(module: nn.Module, x: Tensor, buffer: Tensor) -> Tensor:
    """Returns `module(x)`, written into `buffer` where there is a kernel that writes."""
    if type(module) is not nn.Linear or module._forward_hooks or module._forward_pre_hooks:
        out: Tensor = module(x)
        return out
    if module.bias is None:
        return torch.mm(x, module.weight.t(), out=buffer)
    return torch.addmm(module.bias, x, module.weight.t(), out=buffer)


def project_into(modules: Sequence[nn.Module], x: Tensor, outs: Sequence[Tensor]) -> None:
    """Writes what each module makes of `x` into the tensor beside it."""
    if all(type(m) is Int8Linear and not (m._forward_hooks or m._forward_pre_hooks) for m in modules):
        for start in range(0, len(x), STRETCH):
            rows = quantised(x[start : start + STRETCH], modules[0])
            for module, out in zip(modules, outs, strict=True):
                assert isinstance(module, Int8Linear)
                out[start : start + STRETCH] = module.product(rows)
        return
    for module, out in zip(modules, outs, strict=True):
        made = project(module, x, out)
        if made is not out:
            out.copy_(made)


class FeedForward:
    """Everything of a layer behind its attention; one object serves the layers of one forward pass.

    Args:
        like: The rows, (T, E).
        inner: I.
    """

    def __init__(self, like: Tensor, inner: int) -> None:
        size = min(len(like), STRETCH)
        self.narrow = like.new_empty(size, like.shape[1])
        self.wide = like.new_empty(size, inner)

    def __call__(self, layer: Any, context: Tensor, hidden: Tensor) -> None:
        """Turns the input of a layer into its output, in place.

        Args:
            layer: A layer in the shape of BERT's.
            context: What its attention computed, (T, E).
            hidden: Its input, (T, E); becomes its output.
        """
        first, inner, last = layer.attention.output, layer.intermediate, layer.output
        for start in range(0, len(hidden), STRETCH):
            rows = hidden[start : start + STRETCH]
            narrow, wide = self.narrow[: len(rows)], self.wide[: len(rows)]
            attended = first.LayerNorm(project(first.dense, context[start : start + STRETCH], narrow).add_(rows))
            wide = activate(inner.intermediate_act_fn, project(inner.dense, attended, wide))
            rows.copy_(last.LayerNorm(project(last.dense, wide, narrow).add_(attended)))


def activate(function: Any, x: Tensor) -> Tensor:
    """Applies an activation in place where there is a kernel for that."""
    name = _NAMES.get(type(function))
    out: Tensor = function(x) if name is None else _IN_PLACE[name](x)
    return out
