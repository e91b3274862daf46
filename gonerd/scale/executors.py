"""Stages run one after the other by an executor: local, Slurm or Ray."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError, UsageError, needs_extra, unknown_name

from .stages import EXECUTORS, SlurmOptions, Stage, Where

if TYPE_CHECKING:
    from .processes import Processes


def run_stages(
    stages: Sequence[Stage],
    folder: Path,
    *,
    executor: str = "local",
    tasks: int = 1,
    workers: int = 1,
    slurm: SlurmOptions | None = None,
    dry_run: bool = False,
    extra: str = "crawl",
    processes: Processes | None = None,
) -> bool:
    """Runs stages in order; tasks that an earlier call finished are not run again.

    Args:
        stages: What to run.
        folder: Where completion markers, logs and job scripts go, a folder for each stage. Slurm and Ray need it on a
            file system that all machines see.
        executor: One of `EXECUTORS`. "local" with one worker runs in this process.
        tasks: Number of tasks of stages that do not state their own.
        workers: Tasks that run at the same time.
        slurm: How to submit, for the executor "slurm".
        dry_run: Write Slurm's job scripts and submit nothing.
        extra: The extra of this distribution that the stages belong to, for the message where something is missing.
        processes: Processes of this machine that run already, for the executor "local" with several workers.

    Returns:
        Whether all is done: False where jobs were submitted, or only written.

    Raises:
        UsageError: An argument is impossible.
        GonerdError: A task failed; the same call continues with what is missing.
    """
    where = Where(executor, tasks, workers, slurm, dry_run)
    check(where, extra)
    with needs_extra("scale" if executor == "ray" else extra):
        if executor == "slurm":
            from .slurm import submit

            submit(stages, folder, tasks, workers, where.slurm or SlurmOptions(), dry_run=dry_run)
            return False
        if executor == "ray":
            from .ray_cluster import session
        else:
            from .local import session as begin

            session = partial(begin, processes=processes)
    with session(stages, folder, workers) as run:
        for stage in stages:
            count = stage.tasks or tasks
            run(stage, folder / stage.name, count, min(workers, count))
            done = folder / stage.name / "completions"
            if missing := [rank for rank in range(count) if not (done / f"{rank:05d}").exists()]:
                raise GonerdError(failure(folder / stage.name, missing))
    return True


def check(where: Where, extra: str = "crawl") -> None:
    """Checks that tasks can run where they are to, before anything is done for them.

    Args:
        where: Where.
        extra: As for `run_stages`.

    Raises:
        UsageError: An argument is impossible.
        GonerdError: Something is not installed.
    """
    if where.executor not in EXECUTORS:
        raise unknown_name("executor", where.executor, EXECUTORS)
    if (where.tasks is not None and where.tasks < 1) or where.workers < 1:
        given = "" if where.tasks is None else f"--tasks {where.tasks} "
        raise UsageError(f"{given}--workers {where.workers}: give at least 1 of each")
    if where.dry_run and where.executor != "slurm":
        raise UsageError(f"--dry-run goes with --executor slurm; {where.executor} has no scripts to write")
    with needs_extra("scale" if where.executor == "ray" else extra):
        if where.executor == "slurm":
            from .slurm import check_slurm

            check_slurm(where.slurm or SlurmOptions(), dry_run=where.dry_run)
        elif where.executor == "ray":
            import ray  # noqa: F401


def failure(folder: Path, missing: Sequence[int]) -> str:
    """Says why tasks of a stage did not end well, from what they left behind."""
    for rank in missing:
        note = folder / "errors" / f"{rank:05d}.txt"
        if note.exists():
            return note.read_text(encoding="utf-8").strip()
    return (
        f"{folder}: {len(missing)} tasks did not end, the first of them {missing[0]}; see logs/ there, "
        "and run the same command again to continue"
    )
