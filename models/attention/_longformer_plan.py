"""What Longformer attention in blocks can settle once per forward pass, before any layer runs.

Shapes: B batch, N tokens, M blocks in the whole batch, G the most global tokens that any of its sequences has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ._longformer_mask import mask

WIDEST = 256  # queries in a block: wider ones look at more keys in vain


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that depends on masks and window alone, so that the layers of one forward pass share it.

    Attributes:
        block: Queries in a block, the same for all M blocks of the batch.
        reach: Blocks to the left and right whose keys a block may see.
        bias: 0 where a query sees a key, else -inf, (M, 1, block, (2 * reach + 1) * (G + block)).
        keys: Tokens that global queries see, bool (B, N).
        positions: Positions of the global tokens, padded with arbitrary ones, (B, G).
        filled: Which of `positions` are real, bool (B, G).
        is_global: The tensor the plan was made from.
    """

    block: int
    reach: int
    bias: Tensor
    keys: Tensor
    positions: Tensor
    filled: Tensor
    is_global: Tensor


def plan_for(is_padding: Tensor, is_global: Tensor, one_sided: int, dtype: torch.dtype) -> Plan:
    """Returns the plan for these masks, made once however many layers ask.

    Args:
        is_padding: Tokens that are padding, bool (B, N). The plan hangs on this object and goes with it; it must
            not be changed in place afterwards.
        is_global: Tokens with global attention, none of them padding, bool (B, N).
        one_sided: Tokens seen on either side.
        dtype: Data type of the queries.
    """
    plans: dict[tuple[int, torch.dtype], Plan] = is_padding.__dict__.setdefault("_longformer_plans", {})
    plan = plans.get((one_sided, dtype))
    if plan is None or plan.is_global is not is_global:
        plan = plans[one_sided, dtype] = _plan(is_padding, is_global, one_sided, dtype)
    return plan


def _plan(is_padding: Tensor, is_global: Tensor, one_sided: int, dtype: torch.dtype) -> Plan:
    length = is_padding.shape[1]
    count = -(-length // min(max(one_sided, 64), WIDEST))
    block = -(-length // count)
    reach = min(-(-one_sided // block), count - 1)
    most = int(is_global.sum(1).max())
    positions = is_global.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :most]
    filled = is_global.gather(1, positions)
    inside = _inside(is_padding, is_global, one_sided, count, block, reach)
    # Each block of the window brings the global keys in front of it; only those of the middle one count.
    front = filled.new_zeros(len(filled), count, block, 2 * reach + 1, most)
    front[:, :, :, reach] = filled[:, None, None, :]
    inside = inside.view(*inside.shape[:3], 2 * reach + 1, block)
    seen = torch.cat([front, inside], -1).flatten(3).flatten(0, 1)[:, None]
    # Additive and made here: from a bool mask every layer would make its own, and keep it for the gradient.
    bias = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, float("-inf"))
    # A sequence of nothing but padding sees itself: a softmax over nothing is NaN.
    keys = ~is_padding | is_padding.all(1, keepdim=True)
    return Plan(block, reach, bias, keys, positions, filled, is_global)


def _inside(is_padding: Tensor, is_global: Tensor, one_sided: int, count: int, block: int, reach: int) -> Tensor:
    """Says what each block sees of its window, bool (B, blocks, block, keys)."""
    extra = count * block - is_padding.shape[1]
    is_padding, is_global = F.pad(is_padding, (0, extra), value=True), F.pad(is_global, (0, extra), value=False)
    q = torch.arange(count * block, device=is_padding.device).view(count, block)
    kv = q[:, :1] + torch.arange(-reach * block, (reach + 1) * block, device=q.device)
    within = kv.clamp(0, count * block - 1)
    # Global keys stand in front of every window, so they must not count again inside it. Padding sees itself,
    # because a softmax over nothing is NaN; nothing real ever sees padding.
    seen = mask(q, within, is_global, is_padding, 2 * one_sided) & ~is_global[:, within].unsqueeze(-2)
    itself = q.unsqueeze(-1) == kv.unsqueeze(-2)
    return (seen | itself & is_padding[:, q].unsqueeze(-1)) & (kv == within).unsqueeze(-2)
