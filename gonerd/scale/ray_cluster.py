"""Tasks on a Ray cluster, or on one that is started here for the purpose."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.executor.ray import RayPipelineExecutor
from datatrove.utils.logging import logger

from .stages import Stage
from .watch import Watch

_MEMORY = 1.0  # gigabytes that a task reserves


def run_on_ray(stage: Stage, folder: Path, tasks: int, workers: int) -> None:
    """Runs one stage on Ray; see `run_stages`.

    The cluster is the one that RAY_ADDRESS names or that this process is connected to, else one of `workers` processes
    on this machine, without a dashboard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    steps = [*stage.steps, Watch(folder.resolve())]
    executor = RayPipelineExecutor(
        steps, tasks=tasks, workers=workers, logging_dir=str(folder.resolve()), mem_per_cpu_gb=_MEMORY
    )
    logger.remove()
    if executor.get_incomplete_ranks():
        with _connected(workers):
            executor.run()
    logger.remove()


@contextlib.contextmanager
def _connected(workers: int) -> Iterator[None]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own future default
    import ray

    if ray.is_initialized():
        yield
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if "RAY_ADDRESS" not in os.environ:
        quiet |= {"num_cpus": workers, "include_dashboard": False}
    ray.init(**quiet)
    try:
        yield
    finally:
        ray.shutdown()
