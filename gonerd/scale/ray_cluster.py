"""Tasks on a Ray cluster, or on one that is started here for the purpose."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datatrove.executor.ray import RayPipelineExecutor
from datatrove.utils.logging import logger

from .stages import Run, Stage
from .watch import Watch

_MEMORY = 1.0  # gigabytes that a task reserves


def run_on_ray(stage: Stage, folder: Path, tasks: int, workers: int) -> None:
    """Runs one stage on the cluster that this process is connected to; see `run_stages`."""
    folder.mkdir(parents=True, exist_ok=True)
    logger.remove()  # what tasks log goes to their files
    steps = [*stage.steps, Watch(folder.resolve())]
    executor = RayPipelineExecutor(
        steps, tasks=tasks, workers=workers, logging_dir=str(folder.resolve()), mem_per_cpu_gb=_MEMORY
    )
    if executor.get_incomplete_ranks():
        with warnings.catch_warnings():
            # datatrove's executor has Ray's old way of naming a placement group. As an error it would be lost in a
            # thread, and the executor wait for ever.
            warnings.filterwarnings("ignore", message=r"placement_group\w* parameter", category=DeprecationWarning)
            executor.run()
    logger.remove()


@contextlib.contextmanager
def session(stages: Sequence[Stage], folder: Path, workers: int) -> Iterator[Run]:
    """Yields what runs a stage: on the cluster that RAY_ADDRESS names, or on one of `workers` processes started here.

    A cluster started here has no dashboard.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own future default
    import ray

    if ray.is_initialized():
        yield run_on_ray
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if "RAY_ADDRESS" not in os.environ:
        quiet |= {"num_cpus": workers, "include_dashboard": False}
    ray.init(**quiet)
    try:
        yield run_on_ray
    finally:
        ray.shutdown()
