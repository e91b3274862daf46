"""The one primitive under every pattern: softmax attention over the union of several sets of keys.

Shapes: M blocks of queries, H heads, b queries a block, K keys a block, D head dim, R rows of a row of keys.

On a CPU each set is one call of the fused kernel of `scaled_dot_product_attention`, which returns the logarithm of
its softmax denominator too; two results merge exactly by those (as in ring attention: Liu, Zaharia, Abbeel 2023,
"Ring Attention with Blockwise Transformers", section 3). The gradient calls the kernel's own once per set, with the
merged output and denominator, so that weights are never formed. On CUDA `_flex` does the same with FlexAttention.
Everywhere else, and when weights are dropped, the sets are concatenated for `scaled_dot_product_attention`; `_choice`
says which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ._choice import implementation

_FLASH = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default
_FLASH_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default

BACKENDS = {"flex": "inductor", "flex-eager": "eager"}
FORMED = 1 << 22  # weights that are formed at a time
_KEPT: dict[str, Any] = {"use_reentrant": False}


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of which every block of queries has its own, or which all share.

    Attributes:
        k: Keys, (M or 1, H, K, D).
        v: Values, (M or 1, H, K, D).
        bias: What is added to the scores, broadcastable to (M, H, b, K); -inf forbids. None adds nothing.
    """

    k: Tensor
    v: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """Keys of block m: the rows `first + m * step` to `first + m * step + width` of one row of keys. Never copied.

    Attributes:
        k: Row of keys, (R, H, D), of any strides.
        v: Row of values, (R, H, D).
        first: Row at which the window of block 0 begins.
        step: Rows from one window to the next.
        width: K.
        bias: As in `Keys`.
    """

    k: Tensor
    v: Tensor
    first: int
    step: int
    width: int
    bias: Tensor | None = None


def attend(q: Tensor, sets: Sequence[Keys | Windows], dropout: float = 0.0) -> Tensor:
    """Attends from blocks of queries to everything in several sets of keys, in one softmax.

    Args:
        q: Queries, (M, H, b, D), of any strides.
        sets: At least one set; keys that two sets hold count twice.
        dropout: Probability of dropping an attention weight.

    Returns:
        (M, H, b, D), with (M, b, H, D) contiguous. Zero where a query sees nothing.
    """
    kernel = implementation(q, dropout)
    if kernel == "concatenated-sdpa":
        if not dropout or q.device.type != "cpu":
            return _concatenated(q, sets, dropout)
        # Weights that are dropped must be formed: a few blocks at a time, and again for the gradient, not kept.
        across = sum(one.width if isinstance(one, Windows) else one.k.shape[2] for one in sets)
        size = max(1, FORMED // (q.shape[1] * q.shape[2] * across))
        parts = [
            checkpoint(
                _concatenated, q[at : at + size], [_part(one, len(q), at, size) for one in sets], dropout, **_KEPT
            )
            for at in range(0, len(q), size)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)
    keys, values, biases = [s.k for s in sets], [s.v for s in sets], [s.bias for s in sets]
    geometry = [n for s in sets for n in ((s.first, s.step, s.width) if isinstance(s, Windows) else (0, 0, 0))]
    if kernel != "flash-merge":
        from . import _flex  # heavy, and seldom needed

        return _flex.attend(q, keys, values, biases, geometry, BACKENDS[kernel]).transpose(1, 2)
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in (q, *keys, *values))
    # The operator costs some fifty microseconds more than the function in it.
    run = _attend if recorded or torch.compiler.is_compiling() else _forward
    out: Tensor = run(q, keys, values, biases, geometry)[0]
    return out.transpose(1, 2)


def _part(one: Keys | Windows, count: int, at: int, size: int) -> Keys | Windows:
    """The keys of `size` of `count` blocks from block `at` on."""
    cut = slice(at, at + size)
    bias = one.bias[cut] if one.bias is not None and one.bias.dim() == 4 and len(one.bias) == count else one.bias
    if isinstance(one, Windows):
        return Windows(one.k, one.v, one.first + at * one.step, one.step, one.width, bias)
    k, v = (t[cut] if len(t) == count else t for t in (one.k, one.v))
    return Keys(k, v, bias)


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


def _concatenated(q: Tensor, sets: Sequence[Keys | Windows], dropout: float) -> Tensor:
    """The device-neutral way: all sets side by side."""
    keys, values, biases = [], [], []
    for one in sets:
        if isinstance(one, Windows):
            last = one.first + (len(q) - 1) * one.step + one.width
            k, v = (t[one.first : last].unfold(0, one.width, one.step).transpose(-1, -2) for t in (one.k, one.v))
        else:
            k, v = (t.expand(len(q), -1, -1, -1) for t in (one.k, one.v))
        keys.append(k)
        values.append(v)
        bias = q.new_zeros(1) if one.bias is None else one.bias.to(q.dtype)
        biases.append(bias.expand(len(q), bias.shape[1] if bias.dim() > 1 else 1, q.shape[2], k.shape[2]))
    widest = max(bias.shape[1] for bias in biases)
    bias = torch.cat([bias.expand(-1, widest, -1, -1) for bias in biases], -1)
    # Some kernels return NaN for a query that sees nothing.
    nothing = (bias == float("-inf")).all(-1, keepdim=True)
    out = F.scaled_dot_product_attention(
        q, torch.cat(keys, 2), torch.cat(values, 2), bias.masked_fill(nothing, 0.0), dropout
    )
    return out.masked_fill(nothing, 0.0)


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
