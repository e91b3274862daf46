"""Which of the processes of a run this one is."""

from __future__ import annotations

import os

import torch
from accelerate import PartialState


def processes() -> PartialState:
    """Returns the state of this process among those that `accelerate launch` or torchrun started.

    Without a GPU accelerate looks for other processes only when it is told to use the CPU.
    """
    return PartialState(cpu="LOCAL_RANK" in os.environ and not torch.cuda.is_available())
