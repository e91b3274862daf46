"""Jobs that were submitted to Slurm, so that nobody rewrites what they still read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from gonerd.errors import GonerdError

JOBS = "jobs.txt"


def note_job(folder: Path, output: str) -> str:
    """Notes a job that was submitted.

    Args:
        folder: The folder of the run's scripts and logs; the id goes to `jobs.txt` there.
        output: What `sbatch` printed.

    Returns:
        The id.

    Raises:
        GonerdError: There is none in it.
    """
    found = re.search(r"\bjob (\d+)", output)  # some clusters print advice around it
    if found is None:
        raise GonerdError(
            f"sbatch printed {output.strip()!r}, which names no job; look with `squeue --me` what was queued"
        )
    number = found[1]
    with (folder / JOBS).open("a", encoding="utf-8") as file:
        file.write(f"{number}\n")
    return number


def check_ended(folder: Path) -> None:
    """Checks that no job of an earlier run is queued or running, before its documents or scripts are replaced.

    Args:
        folder: Folder of scripts and logs, or the one above several of them.

    Raises:
        GonerdError: There are such jobs, or the cluster cannot be asked.
    """
    noted = {path: path.read_text(encoding="utf-8").split() for path in (*folder.glob(JOBS), *folder.glob(f"*/{JOBS}"))}
    if not any(noted.values()):
        return
    queued = _queued(next(path for path, numbers in noted.items() if numbers))
    if left := sorted({n for numbers in noted.values() for n in numbers} & queued, key=int):
        raise GonerdError(
            f"{folder.parent}: jobs of an earlier run are queued or running (`squeue --jobs={','.join(left)}`); wait "
            f"until they have ended, or end them with `scancel {' '.join(left)}`, then run the same command again"
        )


def _queued(path: Path) -> set[str]:
    """Returns the ids of all jobs that the cluster has not ended, those of arrays without the number of a task."""
    if shutil.which("squeue") is not None:
        done = subprocess.run(["squeue", "--noheader", "--format=%F"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return set(done.stdout.split())
    raise GonerdError(
        f"{path}: lists jobs of an earlier run, and `squeue` cannot be asked here whether they have ended; run the "
        "command on a login node of the cluster, or remove that file if they have"
    )
