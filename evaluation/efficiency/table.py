"""Figures for a terminal: a table for each length, batch size and setting of the allocator."""

from __future__ import annotations

import io
from collections import defaultdict

from rich import box
from rich.console import Console
from rich.table import Table

from gonerd.evaluation.schema import Cell, EfficiencyResult, NotMeasured

_LEFT = ("model", "what it is")


def lines(result: EfficiencyResult, first: str) -> str:
    """Renders a result.

    Args:
        result: The cells.
        first: Name of the model that ratios are taken to.
    """
    groups: dict[tuple[str, int, int], tuple[list[Cell], list[NotMeasured]]] = defaultdict(lambda: ([], []))
    for cell in result.cells:
        groups[cell.malloc or "unknown", cell.batch, cell.length][0].append(cell)
    for missing in result.not_measured:
        groups[missing.malloc, missing.batch, missing.length][1].append(missing)
    return "\n".join(_group(key, *groups[key], first) for key in sorted(groups))


def _group(key: tuple[str, int, int], cells: list[Cell], missing: list[NotMeasured], first: str) -> str:
    malloc, batch, length = key
    parts = [f"{length:,} tokens x {batch}, {malloc} malloc"]
    if cells:
        base = next((cell for cell in cells if cell.model == first), None)
        parts.append(_table([_row(cell, base) for cell in cells]))
    parts += [f"  {cell.model}: not measured: {cell.reason}" for cell in missing]
    return "\n".join(parts) + "\n"


def _row(cell: Cell, base: Cell | None) -> dict[str, str]:
    return {
        "model": cell.model,
        "what it is": cell.role + (", random weights" if cell.random_weights else ""),
        "ms": f"{cell.seconds * 1e3:,.4g}" + ("" if cell.stable is not False else " (unstable)"),
        "quartiles": "-".join(f"{second * 1e3:.4g}" for second in cell.quartiles),
        "ratio": "" if base is None else f"{cell.seconds / base.seconds:.2f}",
        "MB": f"{cell.peak_bytes / 1e6:,.0f}",
        "tokens/s": f"{cell.tokens_per_second:,.0f}",
        "GFLOP": "" if cell.flops is None else f"{cell.flops / 1e9:,.4g}",
        "attention": cell.attention,
    }


def _table(rows: list[dict[str, str]]) -> str:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        made.add_column(name, justify="left" if name in (*_LEFT, "attention") else "right", no_wrap=True)
    for row in rows:
        made.add_row(*row.values())
    text = io.StringIO()
    # As wide as it is: a table that is cut to a terminal's width loses figures.
    Console(file=text, width=400, color_system=None, markup=False, highlight=False, emoji=False).print(made)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines() if line.strip())
