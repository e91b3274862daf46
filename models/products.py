"""Dense layers through oneDNN, in training as in prediction, where that is the faster library.

`attention/_products.py` says when it is. Here `torch.nn.functional.linear` is taken over while a block of code runs, so
that layers of any model gain, whoever wrote them; its gradient is three such products.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .attention._products import by_onednn, library, product

FEWEST = 32  # rows below which a product is over before another library could matter


@contextmanager
def fast_products() -> Iterator[None]:
    """Lets oneDNN compute the dense layers that run inside, where it is the library of choice; else changes nothing.

    The results are float32 products of the same numbers, added up in another order. All threads are concerned.
    """
    if library() != "onednn" or F.linear is _linear:
        yield
        return
    # A mode of torch functions would be off while a gradient is computed, where checkpointed layers run again.
    F.linear = _linear
    try:
        yield
    finally:
        F.linear = _TORCHS


_TORCHS = F.linear


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # torch's names
    rows = input.numel() // max(input.shape[-1], 1)
    fits = rows >= FEWEST and _plain(input, weight, bias) and not torch.is_autocast_enabled("cpu")
    if fits and by_onednn(input, weight):
        out: Tensor = _Linear.apply(input, weight, bias)  # type: ignore[no-untyped-call]
        return out
    return _TORCHS(input, weight, bias)


def _plain(*tensors: Any) -> bool:
    return all(t is None or type(t) in (Tensor, torch.nn.Parameter) for t in tensors)


class _Linear(torch.autograd.Function):
    """`x @ weight.T + bias` and its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        return product(x.reshape(-1, x.shape[-1]), weight, bias).view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        needed = ctx.needs_input_grad
        grad = grads[0].reshape(-1, weight.shape[0]).contiguous()
        for_x = product(grad, weight.t().contiguous(), None).view(x.shape) if needed[0] else None
        rows = x.reshape(-1, x.shape[-1])
        for_weight = product(grad.t().contiguous(), rows.t().contiguous(), None) if needed[1] else None
        return for_x, for_weight, grad.sum(0) if ctx.biased and needed[2] else None
