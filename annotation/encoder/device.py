"""Where the network runs, and in which precision."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from gonerd.bf16 import multiplies_bf16


def best_device() -> torch.device:
    """Returns the first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Returns a context in bf16 where the device multiplies it faster than fp32, else one that changes nothing."""
    fast = multiplies_bf16() if device.type == "cpu" else torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16) if fast else contextlib.nullcontext()
