"""Worker processes that import what they need while the command itself still does."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing import forkserver

# What every task needs, whatever its steps are.
_ALWAYS = ("gonerd.scale.local",)


def begin_importing(modules: Sequence[str], executor: str, workers: int) -> None:
    """Starts the process that local workers are forked from, where there will be any.

    Called before a command's own imports, both happen at once: a second that each run would otherwise wait for.

    Args:
        modules: Import names of the steps that tasks consist of.
        executor: Where tasks will run.
        workers: How many will run at the same time.
    """
    if executor == "local" and workers > 1 and os.name == "posix":
        multiprocessing.set_forkserver_preload([*_ALWAYS, *modules])
        forkserver.ensure_running()
