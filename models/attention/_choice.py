"""Which kernel computes attention: the fastest that fits, or the one that was asked for; never another in its place.

- "flash-merge": the fused kernel of `scaled_dot_product_attention` on a CPU, sets of keys merged.
- "flex": FlexAttention on CUDA, sets of keys merged.
- "flex-eager": the same, uncompiled; it forms all weights, and is there to hold the other against.
- "concatenated-sdpa": all sets side by side for `scaled_dot_product_attention`; anywhere, and the one that drops
  attention weights.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError, unknown_name

if TYPE_CHECKING:
    from torch import Tensor

VARIABLE = "GONERD_ATTENTION_KERNEL"

_asked = os.environ.get(VARIABLE) or None


@contextmanager
def attention_kernel(name: str) -> Iterator[None]:
    """Computes attention with one kernel and no other, in the whole process, while the context lasts.

    The environment variable GONERD_ATTENTION_KERNEL does the same for a command. Where the kernel cannot be used, an
    error says why.

    Args:
        name: "flash-merge", "flex", "flex-eager" or "concatenated-sdpa".

    Raises:
        UsageError: There is none of that name.
    """
    global _asked
    before, _asked = _asked, _known(name)
    try:
        yield
    finally:
        _asked = before


def implementation(q: Tensor, dropout: float = 0.0) -> str:
    """Names the kernel that attends from queries, (..., D), and drops weights with some probability.

    Raises:
        GonerdError: The one that was asked for cannot be used.
        UsageError: There is none of the name that was asked for.
    """
    if _asked is not None:
        reason = _OBSTACLES[_known(_asked)](q, dropout)
        if reason is not None:
            raise GonerdError(f"attention kernel {_asked!r} {reason}; unset {VARIABLE}, or ask for another")
        return _asked
    best = "flex" if q.device.type == "cuda" else "flash-merge"
    return best if _OBSTACLES[best](q, dropout) is None else "concatenated-sdpa"


def _known(name: str) -> str:
    if name not in _OBSTACLES:
        raise unknown_name("attention kernel", name, _OBSTACLES)
    return name


def _flash(q: Tensor, dropout: float) -> str | None:
    if q.device.type != "cpu":
        return f"runs on the CPU, and the model is on {q.device.type}"
    return _drops(dropout)


def _flex(q: Tensor, dropout: float) -> str | None:
    if q.device.type != "cuda":
        return f"runs on CUDA, and the model is on {q.device.type}"
    import torch

    if importlib.util.find_spec("triton") is None:
        return "needs triton, which is not installed"
    if torch.cuda.get_device_capability(q.device) < (7, 0):
        return f"needs a GPU of compute capability 7.0, and this is a {torch.cuda.get_device_name(q.device)}"
    if q.shape[-1] < 16 or q.dtype == torch.float64:
        return f"needs heads of 16 dimensions in at most 32 bits, and has {q.shape[-1]} of {q.dtype}"
    return _flex_eager(q, dropout)


def _flex_eager(q: Tensor, dropout: float) -> str | None:
    import torch
    from torch.nn.attention import flex_attention

    if not hasattr(flex_attention, "AuxRequest"):
        return f"needs torch 2.9, and this is {torch.__version__}"
    if q.device.type == "cpu" and q.requires_grad and torch.is_grad_enabled():
        return "has no gradient on the CPU"
    return _drops(dropout)


def _drops(dropout: float) -> str | None:
    return f"drops no attention weights, and {dropout} is the probability of that" if dropout else None


# What keeps each kernel from computing; None when nothing does.
_OBSTACLES: dict[str, Callable[[Tensor, float], str | None]] = {
    "flash-merge": _flash,
    "flex": _flex,
    "flex-eager": _flex_eager,
    "concatenated-sdpa": lambda q, dropout: None,
}
