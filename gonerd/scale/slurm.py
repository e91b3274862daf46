"""Tasks as Slurm job arrays, one array a stage, each waiting for the one before."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest import mock

import datatrove.executor.slurm as datatrove_slurm
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.utils.logging import logger

from gonerd.errors import GonerdError, UsageError
from gonerd.files import write_text

from .stages import SlurmOptions, Stage
from .submitted import JOBS, note_job
from .watch import Watch

SUBMIT = "submit.sh"


class _Jobs(SlurmPipelineExecutor):  # type: ignore[misc]
    """A stage's job array, without the further job that would add up statistics nobody reads."""

    def launch_merge_stats(self) -> None:
        """Launches nothing."""


def submit(
    stages: Sequence[Stage], folder: Path, tasks: int, workers: int, options: SlurmOptions, *, dry_run: bool
) -> None:
    """Submits all stages, or writes their scripts.

    Args:
        stages: What to run, in order.
        folder: Where scripts, logs and completion markers go, on a file system that all nodes see.
        tasks: Number of tasks of stages that do not state their own.
        workers: Tasks of an array that run at the same time.
        options: How to submit.
        dry_run: Write `N-<stage>.sbatch` and `submit.sh`, which submits them in order, into `folder`.

    Raises:
        UsageError: No partition is named.
        GonerdError: There is no `sbatch` here.
    """
    check_slurm(options, dry_run=dry_run)
    folder = folder.resolve()
    logger.remove()
    previous = None
    for stage in stages:
        previous = _jobs(stage, folder, stage.tasks or tasks, workers, options, previous)
    assert previous is not None
    if dry_run:
        with _written(folder):
            previous.run()
    else:
        previous.run()


def check_slurm(options: SlurmOptions, *, dry_run: bool) -> None:
    """Checks that jobs can be submitted from here, or written.

    Raises:
        UsageError: No partition is named.
        GonerdError: There is no `sbatch` here.
    """
    if not options.partition:
        raise UsageError("--executor slurm needs --slurm-partition; `sinfo` lists the cluster's")
    if not dry_run and shutil.which("sbatch") is None:
        raise GonerdError(
            "--executor slurm: there is no `sbatch` on this machine; run the command on a login node of the cluster, "
            "or pass --dry-run to write the job scripts only"
        )


def _jobs(stage: Stage, above: Path, tasks: int, workers: int, options: SlurmOptions, previous: _Jobs | None) -> _Jobs:
    folder = above / stage.name
    folder.mkdir(parents=True, exist_ok=True)
    return _Jobs(
        [*stage.steps, Watch(folder)],
        tasks=tasks,
        workers=min(workers, tasks),
        time=options.time,
        partition=options.partition,
        mem_per_cpu_gb=options.memory,
        qos=options.qos,
        job_name=f"gonerd-{stage.name}",
        sbatch_args={"account": options.account} if options.account else {},
        env_command=f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"',
        logging_dir=str(folder),
        slurm_logs_folder=str(folder / "slurm_logs"),
        depends=previous,
        job_id_retriever=partial(note_job, above),
    )


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Writes what would be submitted; a job's id is then a variable of the shell script that submits them."""
    lines = ["#!/bin/bash", "# Submits the stages in order; every one waits for the one before.", "set -e"]

    def write(script: str, _: Callable[[str], str], *arguments: str) -> str:
        number = (len(lines) - 1) // 2
        name = script.partition("#SBATCH --job-name=gonerd-")[2].partition("\n")[0]
        path = folder / f"{number}-{name}.sbatch"
        write_text(path, script)
        words = " ".join(f'"{word}"' for word in arguments)
        lines.append(f"job{number}=$(sbatch --parsable {words} {shlex.quote(str(path))})")
        # The id may be followed by the name of a cluster.
        lines.append(f'job{number}=${{job{number}%%;*}}; echo "$job{number}" >> {shlex.quote(str(folder / JOBS))}')
        return f"$job{number}"

    with mock.patch.object(datatrove_slurm, "launch_slurm_job", write):
        yield
    write_text(folder / SUBMIT, "\n".join(lines) + "\n")
