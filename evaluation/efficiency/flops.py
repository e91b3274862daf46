"""Operations of a pass, counted as it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count


def _attended(q: torch.Size, k: torch.Size, v: torch.Size, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(q, k, v))  # type: ignore[no-untyped-call]


def _multiplied(x: torch.Size, weight: torch.Size, *_: Any, **__: Any) -> int:
    return 2 * math.prod(x) * weight[0]


# torch counts the fused kernels of GPUs; that of the processor it would leave out, and products by oneDNN.
_FUSED = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attended,
    torch.ops.mkldnn._linear_pointwise: _multiplied,
}


def counted(run: Callable[[], object]) -> tuple[int, list[str]]:
    """Counts what a pass computes.

    Products of matrices, convolutions and attention count, 2 for each multiplication and addition, and what a kernel
    computes and a mask then hides counts too. Activations, norms and 8-bit products do not.

    Args:
        run: Computes once; no gradient must be asked for.

    Returns:
        Operations, and the names of the fused attention kernels among what ran.
    """
    counter = FlopCounterMode(display=False, custom_mapping=_FUSED)
    with counter:
        run()
    ran: dict[Any, int] = counter.get_flop_counts().get("Global", {})
    names = sorted(str(kernel).removeprefix("aten.") for kernel in ran)
    return int(counter.get_total_flops()), [name for name in names if "attention" in name]
