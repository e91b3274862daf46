"""The tables of a report, the same rows for the page and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.evaluation.compare.kept import spread

from .collect import Collection
from .figures import NONE, interval, seeds, share, size, with_interval
from .pairing import Compared

Rows = list[dict[str, Any]]
MISSING = "missing"


@dataclass(frozen=True)
class Table:
    """Rows of equal keys with a title.

    Attributes:
        title: Heading.
        rows: The rows; the keys of the first name the columns.
        note: What one has to know to read it.
    """

    title: str
    rows: Rows
    note: str = ""


def summary_rows(found: Collection, compared: Sequence[Compared], times: Sequence[dict[str, Any] | None]) -> Rows:
    """Returns one row a pair: what was kept by group of tasks and on average, and what was saved."""
    groups = sorted({group for pair in compared for group in pair.averages} - {"all"})
    rows = []
    for pair, saved in zip(compared, times, strict=True):
        row: dict[str, Any] = {"student": pair.student, "teacher": pair.teacher}
        for group in [*groups, "all"] if len(groups) != 1 else groups:
            row[f"score kept, {group}"] = _kept(pair.averages.get(group))
        one, two = (found.parameters(name) for name in (pair.teacher, pair.student))
        row["parameters"] = f"{size(two)} of {size(one)}" if one and two else NONE
        for what in ("time", "memory"):
            row[f"{what} saved"] = _saved(saved, f"{what}_saved")
        rows.append(row)
    return rows


def _kept(average: Mapping[str, Any] | None) -> str:
    if average is None or average["kept"] is None:
        return NONE
    text = with_interval(average["kept"], (average.get("intervals") or {}).get("kept"))
    return text if average["tasks"] == 1 else f"{text}, {average['tasks']} tasks"


def _saved(saved: Mapping[str, Any] | None, name: str) -> str:
    if saved is None:
        return NONE
    values = [cell[name] for cell in saved["cells"]]
    mean = share(saved[name]["mean"])
    return mean if len(values) == 1 else f"{mean} ({share(min(values))} to {share(max(values))}, {len(values)} cells)"


def kept_rows(found: Collection, compared: Sequence[Compared]) -> Rows:
    """Returns one row a task and pair: both scores, the share kept, the difference, and whether it could be chance."""
    rows = []
    for column, title in found.columns.items():
        for pair in compared:
            row = {"task": title, "student": pair.student, "teacher": pair.teacher}
            rows.append({**row, **_compared(pair.tasks.get(column), pair.missing.get(column, ""))})
    return rows


def _compared(numbers: Mapping[str, Any] | None, reason: str) -> dict[str, Any]:
    if numbers is None:
        names = ("documents", "teacher's score", "student's score", "score kept", "difference", "p", "equivalent")
        return {**dict.fromkeys(names, NONE), "score kept": f"n/a: {reason}"}
    one, two, intervals, test = (numbers[name] for name in ("first", "second", "intervals", "equivalence"))
    difference = two["mean"] - one["mean"]
    row = {
        "documents": numbers.get("documents", NONE),
        "teacher's score": seeds(one),
        "student's score": seeds(two),
        "score kept": NONE,
        "difference": f"{difference:+.3f}",
        "p": NONE,
        "equivalent": NONE,
    }
    if intervals is None:
        kept = share(two["mean"] / one["mean"]) if one["mean"] > 0 else "n/a (the teacher scored 0)"
        return {**row, "score kept": f"{kept}; no interval: {reason}"}
    kept = intervals["kept"]
    row["difference"] += f" ({interval(intervals['difference'], '+.3f')})"
    row["p"] = f"{numbers['randomisation_p']:.4f}"
    row["equivalent"] = f"{'yes' if test['equivalent'] else 'not shown'} (p {test['p']:.3f})"
    told = with_interval(kept["value"], kept) if kept else "n/a (the teacher scored 0)"
    return {**row, "score kept": f"{told}; {reason}" if reason else told}


def matrix_rows(found: Collection) -> Rows:
    """Returns one row a system with its score in each column; what was not scored is "missing"."""
    rows = []
    for system, runs in found.runs.items():
        row: dict[str, Any] = {"model": system}
        for column, title in found.columns.items():
            held = runs.get(column)
            row[title] = seeds(spread([run.result.score for run in held])) if held else MISSING
        rows.append(row)
    return rows
