"""The tables of one task: every metric, what was counted, and the parts that a metric tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gonerd.evaluation.tasks import TASKS

from .collect import Collection
from .figures import NONE, number, score
from .runs import Column, Run
from .tables import Rows


def runs_of(found: Collection, column: Column) -> dict[str, Run]:
    """Returns every result of a column by a name of its own: the system's, or of several seeds the model's."""
    named: dict[str, Run] = {}
    for system, runs in found.runs.items():
        held = runs.get(column, [])
        for run in held:
            name = system if len(held) == 1 else run.result.model.name
            named[name if name not in named else f"{name} ({run.path.stem})"] = run
    return named


def metric_rows(found: Collection, column: Column) -> Rows:
    """Returns one row a number of a metric, a column a model."""
    task, runs = TASKS.get(column.task), runs_of(found, column)
    names: dict[tuple[str, str], None] = {}
    for run in runs.values():
        for metric, numbers in run.result.metrics.items():
            names |= dict.fromkeys(
                (metric, key) for key, value in numbers.items() if not isinstance(value, dict | list)
            )
    rows = [
        {
            "metric": f"{metric}, {key}",
            **{name: number(run.result.metrics.get(metric, {}).get(key, "")) for name, run in runs.items()},
        }
        for metric, key in names
    ]
    head = {"metric": f"score (mean of {' and '.join(task.headline)})"}
    return [{**head, **{name: score(run.result.score) for name, run in runs.items()}}, *rows]


def count_rows(found: Collection, column: Column) -> Rows:
    """Returns one row a model: what was read, set aside, scored and cut."""
    rows = []
    for name, run in runs_of(found, column).items():
        counts, used = run.result.counts, run.result.settings
        aside = ", ".join(f"{count} {reason}" for reason, count in counts.set_aside.items())
        row = {
            "model": name,
            "documents": getattr(counts, "documents", None),
            "read": counts.read,
            "set aside": aside or 0,
            "before limit": counts.before_limit,
            "scored": counts.scored,
            "missing": counts.missing,
            "words": counts.words,
            "words unseen": counts.words_unseen,
            "tokens": getattr(counts, "tokens", None),
            "windows": counts.windows,
            "of tokens": used.max_length,
            "stride": used.stride,
            "truncated": counts.truncated,
        }
        rows.append({key: NONE if value is None else value for key, value in row.items()})
    return rows


def part_rows(found: Collection, column: Column) -> Iterator[tuple[str, Rows]]:
    """Yields the tables inside metrics, by label for instance: a title, and F1 of each model with the gold count."""
    runs = runs_of(found, column)
    parts: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for name, run in runs.items():
        for metric, key, part, row in _parts(run):
            held = parts.setdefault((metric, key), {}).setdefault(part, {"gold": row.get("gold", NONE)})
            held[name] = number(row["f1"])
    for (metric, key), by_part in parts.items():
        title = key.replace("_", " ").removesuffix("s")
        rows = [
            {title: part, "gold": row["gold"], **{name: row.get(name, NONE) for name in runs}}
            for part, row in by_part.items()
        ]
        yield f"F1 {title} ({metric})" if title.startswith("by ") else f"F1 by {title} ({metric})", rows


def _parts(run: Run) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for metric, numbers in run.result.metrics.items():
        for key, inner in numbers.items():
            if isinstance(inner, dict):
                for part, row in inner.items():
                    if isinstance(row, dict) and "f1" in row:
                        yield metric, key, part, row
