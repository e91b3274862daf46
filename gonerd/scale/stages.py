"""What is run: stages of steps, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXECUTORS = ("local", "slurm", "ray")
# A datatrove block, or any function of (items of the step before, rank, number of tasks).
Step = Callable[[Any, int, int], Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that every task walks through; a stage begins when all tasks of the one before are done.

    Attributes:
        name: What to call it, in progress, job names and folders.
        steps: The steps, each fed by the one before; they are pickled where tasks run in other processes.
        tasks: Number of tasks, None for as many as the whole run has.
        recycle: Tasks for each worker after which the processes here give way to fresh ones, never when None.
    """

    name: str
    steps: Sequence[Step]
    tasks: int | None = None
    recycle: int | None = None


@dataclass(frozen=True, slots=True)
class SlurmOptions:
    """How jobs are submitted to Slurm.

    Attributes:
        partition: Partition.
        time: Time limit of a job, as Slurm spells it.
        memory: Gigabytes for each task.
        qos: Quality of service, empty for the cluster's own.
        account: Account to charge, empty for the user's own.
    """

    partition: str = ""
    time: str = "24:00:00"
    memory: int = 4
    qos: str = ""
    account: str = ""


@dataclass(frozen=True)
class Where:
    """Where a run's tasks go.

    Attributes:
        executor: One of `EXECUTORS`.
        tasks: Shares of the work, each marked when it is done; the run's own choice when None.
        workers: Tasks that run at the same time.
        slurm: How jobs are submitted.
        dry_run: Write Slurm's scripts and submit nothing.
    """

    executor: str = "local"
    tasks: int | None = None
    workers: int = 1
    slurm: SlurmOptions | None = None
    dry_run: bool = False


# Runs one stage: its folder, its number of tasks, and how many of them at the same time.
Run = Callable[[Stage, Path, int, int], None]
