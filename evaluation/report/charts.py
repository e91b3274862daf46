"""Which plots a report shows: cost against quality, and time and memory against length."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence

from gonerd.evaluation.schema import Cell

from .collect import Collection
from .pairing import Compared
from .plots import Plot, Series, plot
from .runs import Column
from .times import Condition, condition, is_baseline, label, of_system


def cost_quality(found: Collection, compared: Sequence[Compared]) -> Plot | None:
    """Draws the mean score over the tasks that all systems share against the time for a pass at the largest length.

    Returns:
        The plot; None where scores and times have no two systems in common.
    """
    cells = {name: of_system(found.cells, name) for name in found.runs}
    timed = {name: {(c.length, c.batch, condition(c)): c for c in held} for name, held in cells.items() if held}
    if len(timed) < 2:
        return None
    places = set.intersection(*(set(by_place) for by_place in timed.values()))
    columns = set.intersection(*(set(found.runs[name]) for name in timed))
    if not places or not columns:
        return None
    length, batch, here = max(places)
    unit, scale = time_unit([by_place[length, batch, here] for by_place in timed.values()])
    series = [
        Series(name, ((by_place[length, batch, here].seconds * scale, mean_score(found, name, columns)),))
        for name, by_place in timed.items()
    ]
    tasks = ", ".join(sorted(found.columns[column] for column in columns)) if len(columns) <= 3 else len(columns)
    title = f"Score against time: mean over {tasks}{' tasks' if len(columns) > 3 else ''}, {length:,} tokens x {batch}"
    arrows = [(pair.teacher, pair.student) for pair in compared]
    return plot(title, f"{unit} for a pass", "mean score", series, zoom=True, arrows=arrows)


def mean_score(found: Collection, system: str, columns: set[Column]) -> float:
    """Returns the mean over columns of the mean over seeds."""
    runs = found.runs[system]
    return statistics.fmean(statistics.fmean(run.result.score for run in runs[column]) for column in columns)


def curves(cells: Sequence[Cell]) -> list[Plot]:
    """Draws time and memory against length, baselines with dashes, one plot a batch size and condition."""
    groups: dict[tuple[int, Condition], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.batch, condition(cell)].append(cell)
    plots = []
    several = len({here for _, here in groups}) > 1
    for (batch, here), held in sorted(groups.items()):
        lines: dict[tuple[bool, str], list[Cell]] = defaultdict(list)
        for cell in sorted(held, key=lambda cell: cell.length):
            lines[is_baseline(cell), label(cell)].append(cell)
        suffix = f"batch {batch}" + (f", {', '.join(here)}" if several else "")
        ordered = sorted(lines.items())
        unit, scale = time_unit(held)
        for title, of, values in (
            ("Time", f"{unit} for a pass", {id(cell): cell.seconds * scale for cell in held}),
            ("Peak memory", "MB", {id(cell): cell.peak_bytes / 1e6 for cell in held}),
        ):
            series = [
                Series(name, tuple((float(cell.length), values[id(cell)]) for cell in line), dashed)
                for (dashed, name), line in ordered
            ]
            plots.append(plot(f"{title}, {suffix}", "tokens", of, series, by_doubling=True))
    return plots


def time_unit(cells: Sequence[Cell]) -> tuple[str, float]:
    """Returns the unit in which times are short to write, and how many of it are a second."""
    return ("s", 1.0) if max(cell.seconds for cell in cells) >= 10 else ("ms", 1e3)


def buckets(found: Collection, column: Column) -> list[Plot]:
    """Draws F1 by the place in the document, one line a system, where a metric tells of several places."""
    series = []
    for system, runs in found.runs.items():
        if column not in runs:
            continue
        table = runs[column][0].result.metrics.get("long_ner", {}).get("by_position", {})
        points = tuple((float(_first(name)), row["f1"]) for name, row in table.items() if row.get("gold"))
        if points:
            series.append(Series(system, points))
    title = "F1 by the word at which a mention begins"
    return [plot(title, "from word", "F1", series)] if any(len(one.points) > 1 for one in series) else []


def _first(bucket: str) -> int:
    """Returns the first word of a bucket, named "512-1023" or "4096+"."""
    return int(bucket.rstrip("+").partition("-")[0])
