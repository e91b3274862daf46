"""How a leaderboard is written: Markdown, a page, comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gonerd.errors import UsageError

from .figures import NONE, milliseconds, score, seeds, size
from .leaderboard import Board
from .markdown import section
from .page import render
from .tables import MISSING, Rows, Table

TITLE = "Leaderboard"
_MEASURED = ("length", "batch", "seconds", "tokens_per_second", "peak_bytes")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a cell begins that a spreadsheet would compute
_NOTE = (
    "Models scored on every task come first, by their mean score; the others follow without a rank, for their means "
    "are over other tasks."
)


def rows_of(board: Board) -> Rows:
    """Returns one row a system for a reader; what was not scored is "missing"."""
    rows = []
    at = f"{board.place[0]:,} x {board.place[1]}" if board.place else ""
    for one in board.standings:
        row: dict[str, Any] = {"model": one.system, "rank": one.rank or NONE, "mean score": score(one.mean)}
        row["tasks"] = f"{len(one.scores)} of {len(board.columns)}"
        row |= {t: seeds(one.scores[c]) if c in one.scores else MISSING for c, t in board.columns.items()}
        row["parameters"] = size(one.facts["parameters"]) if one.facts["parameters"] else NONE
        row["layers"], row["attention"] = one.facts["layers"] or NONE, one.facts["attention"] or NONE
        if board.place:
            row[f"ms at {at}"] = milliseconds(one.cell.seconds) if one.cell else MISSING
            row[f"tokens/s at {at}"] = f"{one.cell.tokens_per_second:,.0f}" if one.cell else MISSING
            row[f"peak MB at {at}"] = f"{one.cell.peak_bytes / 1e6:,.0f}" if one.cell else MISSING
        rows.append(row)
    return rows


def _table(board: Board) -> Table:
    times = f" Times: {', '.join(board.place[2])}." if board.place else ""
    return Table(TITLE, rows_of(board), _NOTE + times)


def as_markdown(board: Board) -> str:
    """Writes Markdown."""
    return "\n\n".join(section(_table(board), "#")) + "\n"


def as_html(board: Board) -> str:
    """Writes a self-contained page."""
    return render("leaderboard.html.j2", title=TITLE, table=_table(board))


def as_csv(board: Board) -> str:
    """Writes comma-separated values: unrounded numbers, empty where something is missing."""
    names = ["rank", "model", "mean_score", "tasks"]
    names += [f"{title}{end}" for title in board.columns.values() for end in ("", " deviation", " seeds")]
    names += ["parameters", "layers", "attention", *_MEASURED]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(_cell, names))
    for one in board.standings:
        row: list[Any] = [one.rank, one.system, one.mean, len(one.scores)]
        for column in board.columns:
            found = one.scores.get(column)
            row += [found["mean"], found["deviation"], found["seeds"]] if found else [None, None, None]
        row += one.facts.values()
        row += [getattr(one.cell, name) if one.cell else None for name in _MEASURED]
        writer.writerow(map(_cell, row))
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """Keeps a name from being computed by a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


FORMATS: dict[str, Callable[[Board], str]] = {".md": as_markdown, ".html": as_html, ".csv": as_csv}


def format_of(path: Path) -> Callable[[Board], str]:
    """Returns what writes a file of that ending.

    Raises:
        UsageError: There is none.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"--out {path}: name a file that ends in {', '.join(FORMATS)}")
    return FORMATS[path.suffix]
