"""Processes that take turns: each cell of a group has one, and computes only when it is asked to."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.errors import GonerdError

from .plan import MALLOC, Group

# What a variant's output must equal (or, in int8, be close to).
AGAINST = {
    "length": {"ours": "hf", "ours-int8": "ours", "ours-half-int8": "ours-half"},
    "mixed": {"ours": "hf-one-by-one", "hf-padded": "hf-one-by-one"},
    "train": {"ours": "hf"},
}


class Child:
    """One cell's process.

    Args:
        job: What it measures.
        malloc: Variables of the allocator.
        threads: Threads it may use.
        folder: Where its output and its errors go.
    """

    def __init__(self, job: dict[str, Any], malloc: dict[str, str], threads: int, folder: Path) -> None:
        self.job, self._errors = job, folder / f"{job['variant']}.log"
        self.output = folder / f"{job['variant']}.npy"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        # An idle thread that spins would take the processor from the cell whose turn it is.
        limits = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
        # -P: a folder called gonerd in the working directory must not stand in for the installed package.
        command = [sys.executable, "-P", "-m", "gonerd.models.bench.child"]
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, json.dumps({**job, "output": str(self.output)})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**clean, **malloc, **limits},
            )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def turn(self) -> dict[str, Any]:
        """Lets it compute once; returns its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it died of is told below
        return self.heard()

    def heard(self) -> dict[str, Any]:
        """Reads an answer.

        Raises:
            GonerdError: The process ended instead.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            lines = self._errors.read_text().strip().splitlines() or ["killed, most likely for memory"]
            where = f"{self.job['kind']} {self.job['pattern']} {self.job['variant']} at {self.job['length']} tokens"
            raise GonerdError(f"{where}: {lines[-1]} (exit code {code})")
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(group: Group, rounds: int, threads: int) -> list[dict[str, Any]]:
    """Measures the cells of a group, in turn.

    Args:
        group: The cells.
        rounds: Timed passes of each.
        threads: Threads of each process.

    Returns:
        One dictionary a cell: the job, seconds (measured, not scaled), growth of memory during the first pass in
        bytes, and how far its output is from that of the variant it is held against.

    Raises:
        GonerdError: A process failed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gonerd-bench-")))
        make = (Child(job, MALLOC[group.malloc], threads, folder) for job in group.jobs)
        children = {child.job["variant"]: stack.enter_context(child) for child in make}
        for child in children.values():
            child.heard()  # its model is made
        facts = {name: child.turn() for name, child in children.items()}
        passes = [{name: child.turn() for name, child in children.items()} for _ in range(rounds)]
        cells = []
        for name, child in children.items():
            cell = {**child.job, "malloc": group.malloc, "rounds": rounds, **facts[name]}
            for what in ("wall", "cpu"):
                seconds = [one[name][what] for one in passes]
                cell |= {f"{what}_min": min(seconds), f"{what}_median": statistics.median(seconds)}
            other = children.get(AGAINST[child.job["kind"]].get(name, ""))
            cells.append(cell | ({} if other is None else _difference(child, other)))
        return [{**cell, "load": round(os.getloadavg()[0], 2)} for cell in cells]


def _difference(child: Child, other: Child) -> dict[str, Any]:
    a, b = (np.load(one.output).astype(np.float64) for one in (child, other))
    cosine = (a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-300)
    return {
        "against": other.job["variant"],
        "max_difference": float(np.abs(a - b).max()),
        "min_cosine": float(cosine.min()),
    }
