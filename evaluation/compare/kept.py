"""What a student kept and saved, pair by pair and averaged, and the spread over seeds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from gonerd.evaluation.metrics import Counts
from gonerd.evaluation.schema import Cell


def spread(scores: Sequence[float]) -> dict[str, Any]:
    """Returns mean and standard deviation (n - 1) over seeds; None for the deviation of a single one."""
    deviation = statistics.stdev(scores) if len(scores) > 1 else None
    return {"mean": statistics.fmean(scores), "deviation": deviation, "seeds": len(scores), "scores": list(scores)}


def averages(
    pairs: Sequence[dict[str, Any]], draws: Sequence[tuple[Counts, Counts]] | None = None
) -> dict[str, dict[str, Any]]:
    """Averages what was kept over the tasks of each group, and over all.

    Args:
        pairs: One dictionary a task with "group", "first" and "second", the latter two as from `spread`.
        draws: Of each of them, the scores of both systems in each sample of the bootstrap.

    Returns:
        By group: the mean scores, their ratio ("kept"), and the mean of the ratios by task ("mean_of_kept"). The
        published tables give shares kept without saying which of the two; both are stated. With draws, "intervals" of
        both as well (None where a sample scores 0).
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        groups[pair["group"]].append(place)
        groups["all"].append(place)
    found: dict[str, dict[str, Any]] = {}
    for group, places in groups.items():
        rows = [(pairs[i]["first"]["mean"], pairs[i]["second"]["mean"]) for i in places]
        first, second = (statistics.fmean(column) for column in zip(*rows, strict=True))
        ratios = [b / a for a, b in rows if a > 0]
        found[group] = {
            "tasks": len(rows),
            "first": first,
            "second": second,
            "kept": second / first if first > 0 else None,
            "mean_of_kept": statistics.fmean(ratios) if ratios else None,
        }
        if draws is not None:
            found[group]["intervals"] = _intervals([draws[i] for i in places])
    return found


def _intervals(draws: Sequence[tuple[Counts, Counts]]) -> dict[str, dict[str, float]] | None:
    """Returns the 95 % intervals of both averages. Tasks are independent, so each one's samples are shuffled first."""
    shuffle = np.random.default_rng(len(draws))
    orders = [shuffle.permutation(len(a)) for a, _ in draws]
    first, second = (
        np.array([pair[side][order] for pair, order in zip(draws, orders, strict=True)]) for side in (0, 1)
    )
    if not (first > 0).all():
        return None
    samples = {"kept": second.mean(0) / first.mean(0), "mean_of_kept": (second / first).mean(0)}
    ends = {name: np.quantile(values, [0.025, 0.975]) for name, values in samples.items()}
    return {name: {"low": float(low), "high": float(high)} for name, (low, high) in ends.items()}


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
