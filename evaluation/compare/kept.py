"""What a student kept and saved, pair by pair and averaged, and the spread over seeds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from gonerd.evaluation.schema import Cell


def spread(scores: Sequence[float]) -> dict[str, Any]:
    """Returns mean and standard deviation (n - 1) over seeds; None for the deviation of a single one."""
    deviation = statistics.stdev(scores) if len(scores) > 1 else None
    return {"mean": statistics.fmean(scores), "deviation": deviation, "seeds": len(scores), "scores": list(scores)}


def averages(pairs: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Averages what was kept over the tasks of each group, and over all.

    Args:
        pairs: One dictionary a task with "group", "first" and "second", the latter two as from `spread`.

    Returns:
        By group: the mean scores, their ratio ("kept"), and the mean of the ratios by task ("mean_of_kept"). The
        published tables give shares kept without saying which of the two; both are stated.
    """
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for pair in pairs:
        scores = (pair["first"]["mean"], pair["second"]["mean"])
        groups[pair["group"]].append(scores)
        groups["all"].append(scores)
    found = {}
    for group, rows in groups.items():
        first, second = (statistics.fmean(column) for column in zip(*rows, strict=True))
        ratios = [b / a for a, b in rows if a > 0]
        found[group] = {
            "tasks": len(rows),
            "first": first,
            "second": second,
            "kept": second / first if first > 0 else None,
            "mean_of_kept": statistics.fmean(ratios) if ratios else None,
        }
    return found


def saved(first: Sequence[Cell], second: Sequence[Cell]) -> dict[str, Any] | None:
    """Tells what share of the first model's time and memory the second saves.

    Args:
        first: Cells of one model.
        second: Cells of the other.

    Returns:
        Each length, batch size and setting of the allocator that both were measured at, with the mean and the largest
        share of time saved; None where there is none.
    """
    places = {(cell.length, cell.batch, cell.malloc): cell for cell in first}
    rows: list[dict[str, Any]] = [
        {
            "length": cell.length,
            "batch": cell.batch,
            "malloc": cell.malloc,
            "time_saved": 1 - cell.seconds / base.seconds,
            "memory_saved": 1 - cell.peak_bytes / base.peak_bytes,
        }
        for cell in sorted(second, key=lambda cell: (cell.malloc or "", cell.batch, cell.length))
        if (base := places.get((cell.length, cell.batch, cell.malloc)))
    ]
    if not rows:
        return None
    times, memory = [row["time_saved"] for row in rows], [row["memory_saved"] for row in rows]
    return {
        "cells": rows,
        "time_saved": {"mean": statistics.fmean(times), "most": max(times)},
        "memory_saved": {"mean": statistics.fmean(memory), "most": max(memory)},
    }
