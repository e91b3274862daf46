"""A group of cells, each in a process of its own, that take turns."""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.models.allocator import MALLOC
from gonerd.models.process import Child

from .plan import Group

CHILD = "gonerd.models.bench.child"
# What a variant's output must equal (or, in int8, be close to).
AGAINST = {
    "length": {"ours": "hf", "ours-int8": "ours", "ours-half-int8": "ours-half"},
    "mixed": {"ours": "hf-one-by-one", "hf-padded": "hf-one-by-one"},
    "train": {"ours": "hf"},
    "sentences": {"ours": "hf-padded"},
}


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
        jobs = {job["variant"]: {**job, "output": str(folder / f"{job['variant']}.npy")} for job in group.jobs}
        children = {
            name: stack.enter_context(Child(CHILD, _title(job), job, MALLOC[group.malloc], threads))
            for name, job in jobs.items()
        }
        for child in children.values():
            child.heard()  # its model is made
        facts = {name: child.turn() for name, child in children.items()}
        passes = [{name: child.turn() for name, child in children.items()} for _ in range(rounds)]
        cells = []
        for name, job in zip(jobs, group.jobs, strict=True):
            cell = {**job, "malloc": group.malloc, "rounds": rounds, **facts[name]}
            for what in ("wall", "cpu"):
                seconds = [one[name][what] for one in passes]
                cell |= {f"{what}_min": min(seconds), f"{what}_median": statistics.median(seconds)}
            other = jobs.get(AGAINST[job["kind"]].get(name, ""))
            cells.append(cell | ({} if other is None else _difference(jobs[name], other)))
        return [{**cell, "load": round(os.getloadavg()[0], 2)} for cell in cells]


def _title(job: dict[str, Any]) -> str:
    return f"{job['kind']} {job['pattern']} {job['variant']} at {job['length']} tokens"


def _difference(job: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    a, b = (np.load(one["output"]).astype(np.float64) for one in (job, other))
    cosine = (a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-300)
    return {
        "against": other["variant"],
        "max_difference": float(np.abs(a - b).max()),
        "min_cosine": float(cosine.min()),
    }
