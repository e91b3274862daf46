"""Sums over chunks whose intermediate results are never all in memory, in training either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Chunk = Callable[[int, Sequence[Tensor]], Tensor]


def chunked_sum(
    function: Chunk, chunks: int, weights: Tensor, tensors: Sequence[Tensor], parameters: Sequence[Tensor] = ()
) -> tuple[Tensor, Tensor]:
    """Sums a function over chunks; gradients are taken chunk by chunk, as soon as a chunk is computed.

    Nothing is computed twice, as checkpointing would, and nothing of one chunk is there when the next begins.

    Args:
        function: From the number of a chunk, and from stand-ins for `tensors`, to a vector (K,).
        chunks: Number of chunks.
        weights: (K,), what the results are weighted with.
        tensors: Results of earlier computation that gradients shall flow back to.
        parameters: Parameters that the function uses by itself.

    Returns:
        The weighted sum, a scalar that is differentiable once, and the sums (K,), which are not.
    """
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (*tensors, *parameters)):
        total, parts = _ChunkedSum.apply(  # type: ignore[no-untyped-call]
            function, chunks, weights, len(tensors), *tensors, *parameters
        )
        return total, parts
    parts = torch.zeros_like(weights)
    for chunk in range(chunks):
        parts = parts + function(chunk, tensors)
    return (parts * weights).sum(), parts


class _ChunkedSum(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, function: Chunk, chunks: int, weights: Tensor, count: int, *inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        # Detached, since a parameter may also be reachable through what the tensors were computed from: the matrix of
        # the vocabulary is that of the embeddings.
        inner = [tensor.detach().requires_grad_(tensor.requires_grad) for tensor in inputs[:count]]
        wanted = [i for i, tensor in enumerate(inputs) if tensor.requires_grad]
        sources = [*inner, *inputs[count:]]
        gradients: list[Tensor | None] = [None] * len(inputs)
        parts = torch.zeros_like(weights)
        for chunk in range(chunks):
            with torch.enable_grad():
                values = function(chunk, inner)
                found = torch.autograd.grad((values * weights).sum(), [sources[i] for i in wanted], allow_unused=True)
            parts += values.detach()
            for i, gradient in zip(wanted, found, strict=True):
                held = gradients[i]
                if gradient is not None:
                    gradients[i] = gradient if held is None else held.add_(gradient)
        context.gradients = gradients
        context.mark_non_differentiable(parts)
        return (parts * weights).sum(), parts

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        scaled = (None if g is None else g * outer.to(g.dtype) for g in context.gradients)
        return (None, None, None, None, *scaled)
