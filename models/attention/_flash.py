"""Attention over several sets of keys by the fused kernel of a CPU, and its gradient; shapes as in `_kernel`.

Each set is one call of the kernel of `scaled_dot_product_attention`, which returns the logarithm of its softmax
denominator too; two results merge exactly by those (as in ring attention: Liu, Zaharia, Abbeel 2023, "Ring Attention
with Blockwise Transformers", section 3). The gradient calls the kernel's own once per set, with the merged output and
denominator, so that weights are never formed, or forms them tile by tile where that is faster (`_gradient`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ._gradient import by_tiles, tiled_gradient

_FLASH = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default
_FLASH_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default


def flash(
    q: Tensor, k: Sequence[Tensor], v: Sequence[Tensor], bias: Sequence[Tensor | None], geometry: Sequence[int]
) -> Tensor:
    """Attends; see `_kernel.attend`.

    Args:
        q: Queries, (M, H, b, D).
        k: Keys of each set: a set of its own for each block, (M or 1, H, K, D), or a row of them, (R, H, D).
        v: Values of each set, likewise.
        bias: What is added to the scores of each set.
        geometry: First row, step and width of the windows of each set; three times 0 where it is no row.

    Returns:
        (M, H, b, D).
    """
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in (q, *k, *v))
    # The operator costs some fifty microseconds more than the function in it.
    run = _attend if recorded or torch.compiler.is_compiling() else _forward
    out: Tensor = run(q, k, v, bias, geometry)[0]
    return out.transpose(1, 2)


def _view(row: Tensor, count: int, first: int, step: int, width: int) -> Tensor:
    """A row's overlapping windows, (M, H, K, D); what is no row is a set of keys already."""
    if not width:
        return row.expand(count, -1, -1, -1)
    across, heads, within = row.stride()
    shape, stride = (count, row.shape[1], width, row.shape[2]), (step * across, heads, across, within)
    return row.as_strided(shape, stride, row.storage_offset() + first * across)


def _spread(bias: Tensor | None, like: Tensor) -> Tensor | None:
    """A bias with the four dimensions that the kernel wants."""
    return None if bias is None else bias.to(like.dtype).expand(like.shape[0], -1, -1, -1)


def _forward(
    q: Tensor, k: Sequence[Tensor], v: Sequence[Tensor], bias: Sequence[Tensor | None], geometry: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Returns the output, (M, b, H, D), and the logarithm of the softmax denominators, (M, H, b)."""
    out, total = None, None
    for i, (keys, values, added) in enumerate(zip(k, v, bias, strict=True)):
        at = geometry[3 * i : 3 * i + 3]
        keys, values = (_view(t, len(q), *at) for t in (keys, values))
        part, denominator = _FLASH(q, keys, values, attn_mask=_spread(added, q))
        part, denominator = part.transpose(1, 2), denominator.contiguous()
        if added is not None:
            # The kernel calls it 0 where nothing was seen, which other keys can have too.
            denominator.masked_fill_(added.amax(-1) == float("-inf"), float("-inf"))
        if out is None or total is None:
            out, total = part, denominator
            continue
        # A query that sees nothing in either has -inf twice, whose difference is NaN.
        share = (denominator - total).sigmoid_().nan_to_num_(0.0)
        out.lerp_(part, share.transpose(1, 2).unsqueeze(-1).to(part.dtype))
        total = torch.logaddexp(total, denominator)
    assert out is not None and total is not None
    return out, total


def _backward(
    grad: Tensor,
    q: Tensor,
    k: Sequence[Tensor],
    v: Sequence[Tensor],
    bias: Sequence[Tensor | None],
    out: Tensor,
    total: Tensor,
    geometry: Sequence[int],
) -> list[Tensor]:
    """Returns the gradients of the queries, of each set's keys and of each set's values.

    Those of blocks are (M, b or K, H, D), as the kernel lays them out; those of rows are (R, H, D).
    """
    grad, out = grad.transpose(1, 2), out.transpose(1, 2)
    # exp(score - inf) is 0 where a query sees nothing; exp(-inf + inf) would be NaN.
    total = total.masked_fill(total == float("-inf"), float("inf"))
    queries = None
    grad_k: list[Tensor] = []
    grad_v: list[Tensor] = []
    for i, (keys, values, added) in enumerate(zip(k, v, bias, strict=True)):
        at = geometry[3 * i : 3 * i + 3]
        shown = (_view(t, len(q), *at) for t in (keys, values))
        if by_tiles(q):
            parts = tiled_gradient(grad, q, *shown, out, total, added)
        else:
            parts = _FLASH_BACKWARD(grad, q, *shown, out, total, 0.0, False, attn_mask=_spread(added, q))
        queries = parts[0] if queries is None else queries.add_(parts[0])
        for part, row, grads in ((parts[1], keys, grad_k), (parts[2], values, grad_v)):
            grads.append(_folded(part, row, *at))
    assert queries is not None
    return [queries.transpose(1, 2), *grad_k, *grad_v]


def _folded(grad: Tensor, like: Tensor, first: int, step: int, width: int) -> Tensor:
    """Sums what overlapping windows say of the same row: one addition for each step that fits into a window."""
    if not width:
        grad = grad.transpose(1, 2)
        return grad if len(like) == len(grad) else grad.sum(0, keepdim=True)
    count, heads, _, dim = grad.shape
    row = grad.new_zeros(like.shape)
    for start in range(0, width, step):
        size = min(step, width - start)
        # Slices of one size a step apart never overlap.
        target = row.as_strided(
            (count, size, heads, dim), (step * row.stride(0), *row.stride()), (first + start) * row.stride(0)
        )
        target.add_(grad[:, :, start : start + size].transpose(1, 2))
    return row


_attend = torch.library.custom_op(
    "gonerd::attend",
    _forward,
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor q, Tensor[] k, Tensor[] v, Tensor?[] bias, int[] geometry) -> (Tensor, Tensor)",
)
_attend_backward = torch.library.custom_op(
    "gonerd::attend_backward",
    _backward,
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor grad, Tensor q, Tensor[] k, Tensor[] v, Tensor?[] bias, Tensor out, Tensor total, int[] geometry)"
    " -> Tensor[]",
)


@_attend.register_fake
def _(q: Tensor, k: Any, v: Any, bias: Any, geometry: Any) -> tuple[Tensor, Tensor]:
    exact = torch.float64 if q.dtype == torch.float64 else torch.float32
    return q.new_empty(len(q), q.shape[2], q.shape[1], q.shape[3]), q.new_empty(q.shape[:3], dtype=exact)


@_attend_backward.register_fake
def _(
    grad: Tensor, q: Tensor, k: Sequence[Tensor], v: Sequence[Tensor], bias: Any, out: Any, total: Any, geometry: Any
) -> list[Tensor]:
    return [
        t.new_empty(t.shape) if t.dim() == 3 else t.transpose(1, 2).new_empty(t.transpose(1, 2).shape)
        for t in (q, *k, *v)
    ]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    q, k, v, bias, ctx.geometry = inputs
    ctx.sets, ctx.biased = len(k), [b is not None for b in bias]
    ctx.save_for_backward(q, *k, *v, *(b for b in bias if b is not None), *output)
    ctx.set_materialize_grads(False)


def _differentiate(ctx: Any, grad: Tensor | None, _: Any) -> tuple[Any, ...]:
    none = [None] * ctx.sets
    # What torch takes for a list of tensors is one without a gap.
    biases = none if all(ctx.biased) else None
    if grad is None:
        return None, none, none, biases, None
    q, *rest, out, total = ctx.saved_tensors
    k, v, given = rest[: ctx.sets], rest[ctx.sets : 2 * ctx.sets], iter(rest[2 * ctx.sets :])
    bias = [next(given) if biased else None for biased in ctx.biased]
    parts = _attend_backward(grad, q, k, v, bias, out, total, ctx.geometry)
    queries, *grads = (part if part.dim() == 3 else part.transpose(1, 2) for part in parts)
    return queries, grads[: ctx.sets], grads[ctx.sets :], biases, None


torch.library.register_autograd(_attend, _differentiate, setup_context=_keep)
