"""Where the network runs, and in which precision."""

from __future__ import annotations

import contextlib
from typing import Any

import torch


def best_device() -> torch.device:
    """Returns the first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Returns a context in bf16 where the device multiplies it faster than fp32, else one that changes nothing."""
    if device.type == "cpu":
        # Without instructions of its own a CPU emulates bf16, nine times slower than fp32.
        known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        fast = bool(known.get("avx512_bf16") or known.get("amx_bf16"))
    else:
        fast = torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16) if fast else contextlib.nullcontext()
