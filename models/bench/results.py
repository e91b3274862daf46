"""Figures in one file, cell by cell: a benchmark may be run in pieces, and again in part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.progress import track

from .machine import fingerprint, machine
from .plan import BenchSettings, groups
from .turns import measure

KIND = "attention-bench"
# Cells that differ in one of these are different cells; all others are measured.
IDENTITY = ("machine", "kind", "pattern", "length", "malloc", "variant", "hidden", "body", "threads", "seed")


def run(settings: BenchSettings, out: Path | None = None) -> dict[str, Any]:
    """Measures, and writes after each group of cells, so that a killed run loses one group at most.

    Args:
        settings: What to measure.
        out: JSON file; cells that it holds already are replaced by the ones measured now, others are kept.

    Returns:
        `kind`, `machines` by fingerprint, and `cells`, of this run and of the file.

    Raises:
        UsageError: A pattern, a kind or a number cannot be.
        GonerdError: A cell's process failed, or the file holds something else.
    """
    plan = list(groups(settings))
    result: dict[str, Any] = {"kind": KIND, "machines": {}, "cells": []}
    if out is not None and out.exists():
        result = read(out)
    facts = machine()
    name = fingerprint(facts)
    result["machines"][name] = facts
    for group in track(plan, "measure"):
        cells = [{"machine": name, **cell} for cell in measure(group, settings.rounds, settings.threads)]
        merged = {_identity(cell): cell for cell in (*result["cells"], *cells)}
        result["cells"] = [merged[key] for key in sorted(merged, key=repr)]
        if out is not None:
            write_json(out, result)
    return result


def read(path: Path) -> dict[str, Any]:
    """Reads a file that `run` wrote.

    Raises:
        GonerdError: It is missing or something else.
    """
    result: dict[str, Any] = read_json(path, "measure again, with another --out")
    if result.get("kind") != KIND:
        raise GonerdError(f"{path}: field 'kind' is not {KIND!r}; choose another --out")
    return result


def seconds(cell: dict[str, Any], what: str) -> float:
    """Returns a figure of a cell at full depth: what was measured, times as many layers as it stands for."""
    return float(cell[what] * cell["depth"] / cell["layers"])


def comparable(result: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yields the cells that were measured in turn."""
    together: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for cell in result["cells"]:
        key = tuple(cell[name] for name in IDENTITY if name != "variant")
        together.setdefault(key, []).append(cell)
    yield from together.values()


def _identity(cell: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in IDENTITY)
