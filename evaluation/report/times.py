"""Time and memory: what was saved, under the same conditions alone, and the curves over length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gonerd.evaluation.compare.kept import saved
from gonerd.evaluation.compare.side import without_seed
from gonerd.evaluation.schema import Cell

from .figures import NONE, milliseconds, share, size

Condition = tuple[str, ...]


def condition(cell: Cell) -> Condition:
    """Returns what two times must share to be compared: device, threads, type of the weights, allocator."""
    allocator = getattr(cell, "malloc", None)
    return (
        cell.device,
        f"{cell.threads} thread{'s' if cell.threads > 1 else ''}",
        cell.dtype.removeprefix("torch."),
        *([f"malloc {allocator}"] if allocator else []),
    )


def is_baseline(cell: Cell) -> bool:
    """Whether a cell is of something that a model is held against."""
    return getattr(cell, "role", "model") == "baseline"


def label(cell: Cell) -> str:
    """Names a cell's model; of a baseline, what it is and of which model."""
    if not is_baseline(cell):
        return cell.model
    kind, of = getattr(cell, "baseline", None), getattr(cell, "baseline_of", None)
    return f"{kind} (for {of})" if kind and of else cell.model


def of_system(cells: Iterable[Cell], system: str) -> list[Cell]:
    """Returns the cells of a system, not those of its baselines; of several seeds, those of the first measured."""
    found = [cell for cell in cells if not is_baseline(cell) and without_seed(cell.model) == system]
    names = sorted({cell.model for cell in found})
    return [cell for cell in found if cell.model == (system if system in names else names[0])]


def time_saved(cells: Sequence[Cell], teacher: str, student: str) -> dict[str, Any] | None:
    """Tells what a student saves.

    Returns:
        What `gonerd.evaluation.compare.kept.saved` says under the condition that most cells of both share, with that
        condition; None where they share none.
    """
    sides = []
    for name in (teacher, student):
        by_condition: dict[Condition, list[Cell]] = defaultdict(list)
        for cell in of_system(cells, name):
            by_condition[condition(cell)].append(cell)
        sides.append(by_condition)
    found = [(saved(sides[0][shared], sides[1][shared]), shared) for shared in sorted(sides[0].keys() & sides[1])]
    whole = [{**row, "condition": ", ".join(shared)} for row, shared in found if row]
    return max(whole, key=lambda row: len(row["cells"]), default=None)


def time_rows(cells: Sequence[Cell], teachers: dict[str, str]) -> list[dict[str, Any]]:
    """Returns one row a cell; columns in which nothing stands are left out.

    Args:
        cells: The cells.
        teachers: From student to teacher.
    """
    places = {_place(cell, cell.model): cell for cell in cells if not is_baseline(cell)}
    ordered = sorted(cells, key=lambda c: (c.batch, c.length, condition(c), is_baseline(c), label(c)))
    rows = [_row(cell, places, teachers) for cell in ordered]
    filled = {name for row in rows for name, value in row.items() if value not in ("", NONE)}
    return [{name: value for name, value in row.items() if name in filled} for row in rows]


def _place(cell: Cell, model: str) -> tuple[str, Condition, int, int]:
    return without_seed(model), condition(cell), cell.length, cell.batch


def _row(cell: Cell, places: Mapping[Any, Cell], teachers: Mapping[str, str]) -> dict[str, Any]:
    of = getattr(cell, "baseline_of", None) or ""
    own = places.get(_place(cell, of)) if is_baseline(cell) else None
    base = None if is_baseline(cell) else places.get(_place(cell, teachers.get(without_seed(cell.model), "")))
    flops, disk = getattr(cell, "flops", None), getattr(cell, "disk_bytes", None)
    return {
        "model": label(cell),
        "tokens": cell.length,
        "batch": cell.batch,
        "attention": cell.attention,
        "ms": milliseconds(cell.seconds),
        "quartiles": "–".join(map(milliseconds, cell.quartiles)),
        "tokens/s": f"{cell.tokens_per_second:,.0f}",
        "peak MB": f"{cell.peak_bytes / 1e6:,.0f}",
        "of it weights": f"{cell.weight_bytes / 1e6:,.0f}",
        "GFLOPs": NONE if flops is None else f"{flops / 1e9:,.1f}",
        "on disk": NONE if disk is None else f"{size(disk)}B",
        "time saved": share(1 - cell.seconds / base.seconds) if base else "",
        "memory saved": share(1 - cell.peak_bytes / base.peak_bytes) if base else "",
        "time of the model's": f"{cell.seconds / own.seconds:.2f} times" if own else "",
        "conditions": ", ".join(condition(cell)),
        "remarks": _remarks(cell),
    }


def _remarks(cell: Cell) -> str:
    windows = getattr(cell, "windows", None)
    remarks = [f"{windows} windows"] if windows else []
    remarks += ["random weights"] if getattr(cell, "random_weights", False) else []
    remarks += ["warm-up did not settle"] if getattr(cell, "stable", None) is False else []
    return ", ".join(remarks)


def missing_rows(cells: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns one row a cell that could not be measured, with the reason."""
    return [
        {"model": cell.model, "tokens": cell.length, "batch": cell.batch, "why there are no figures": cell.reason}
        for cell in cells
    ]
