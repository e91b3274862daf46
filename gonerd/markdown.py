"""Markdown tables from rows, so that no table is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Renders rows of equal keys as a Markdown table; numbers are aligned to the right.

    Args:
        rows: At least one row; the keys of the first name the columns.

    Returns:
        The table, or "None." when there are no rows.
    """
    if not rows:
        return "None."
    names = list(rows[0])
    rules = ["---:" if all(isinstance(row[name], int | float) for row in rows) else "---" for name in names]
    lines = [names, rules, *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
