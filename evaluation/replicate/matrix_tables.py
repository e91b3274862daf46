"""Tables of scores: what students keep and save, every score by task, and what of the matrix is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.report.figures import NONE, interval, milliseconds, score, share

from .evidence import Evidence
from .groups import GROUPS, Drawn, group_kept, group_mean, planned, so_far, told_share
from .systems import CTD, ORDERS, WINDOWS, System, all_systems, some_tasks
from .times import LENGTH, cell_at, memory_saved, time_saved, timed_as, timed_pair, why_not

if TYPE_CHECKING:
    from .config import Replicate

Row = dict[str, Any]


def kept_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a student, in the shape of the reference: scores kept, time saved, memory saved."""
    return [_kept_row(config, evidence, system) for system in all_systems(config) if system.teacher is not None]


def _kept_row(config: Replicate, evidence: Evidence, system: System) -> Row:
    assert system.teacher is not None
    row: Row = {"student": system.title, "held against": f"`{system.teacher}`"}
    row["seeds"] = _seeds(evidence, system.teacher, system.name)
    for group, title in GROUPS.items():
        found = group_kept(evidence, group, system.teacher, system.name)
        row[f"{title} kept"] = told_share(config, group, found)
    teacher, timed, theirs = timed_pair(evidence, system)
    if timed is not None and system.attention != WINDOWS and timed_as(system) != system.name:
        return row | dict.fromkeys(_SAVED, "") | {_SAVED[0]: f"as {system.attention}, {ORDERS[CTD]}"}
    reason = why_not(evidence, system.teacher) if theirs is None else None
    figures = (
        _rounds(time_saved(teacher, timed)),
        share(memory_saved(teacher, timed)),
        reason or _rounds(time_saved(theirs, timed)),
        reason or share(memory_saved(theirs, timed)),
    )
    return row | dict(zip(_SAVED, figures, strict=True))


def _seeds(evidence: Evidence, teacher: str, student: str) -> str:
    """Says over which seeds two models are compared, and on how many tasks where not on all."""
    tasks = [task for task in evidence.tasks.values() if task.compares(teacher, student)]
    often = Counter(seed for task in tasks for seed in task.shared(teacher, student) or ())
    told = (f"{s}" if often[s] == len(tasks) else f"{s} on {often[s]} of {len(tasks)} tasks" for s in sorted(often))
    return ", ".join(told) or NONE


_SAVED = ("time saved", "memory saved", "time saved, Hugging Face's teacher", "memory saved, Hugging Face's teacher")


def _rounds(found: Interval | None) -> str:
    return NONE if found is None else f"{share(found.value)} ({interval(found.as_dict())})"


def group_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a model: mean scores by group, and what a text of 4,096 tokens costs; the best are bold."""
    systems = all_systems(config)
    means = {(s.name, g): group_mean(evidence, g, s.name) for s in systems for g in GROUPS}
    rows = []
    for system in systems:
        row: Row = {"model": system.title}
        for group, title in GROUPS.items():
            found = [m for s in systems if (m := means[s.name, group])]
            best = max((m.value for m in found if not so_far(config, group, m)), default=None)
            row[title] = _mean(config, group, means[system.name, group], best)
        cell = cell_at(evidence, timed_as(system))
        row[f"ms, {LENGTH:,} tokens"] = milliseconds(cell.seconds) if cell else NONE
        row["peak MB"] = f"{cell.peak_bytes / 1e6:,.0f}" if cell else NONE
        rows.append(row)
    return rows


def _mean(config: Replicate, group: str, found: Drawn | None, best: float | None) -> str:
    if found is None:
        return NONE
    part, text = so_far(config, group, found), score(found.value)
    text = f"**{text}**" if not part and found.value == best else text
    ends = f" ({interval(found.interval.as_dict(), '.3f')})" if found.interval else ""
    return text + ends + (f", {part}" if part else "")


def task_rows(config: Replicate, evidence: Evidence, group: str) -> list[Row]:
    """Returns a row a model: its score on each task of a group, with its interval; the best are bold."""
    rows = []
    for system in all_systems(config):
        row: Row = {"model": system.title}
        for name in planned(config, group):
            row[f"`{name}`"] = _score(evidence, name, system.name)
        if system.name not in some_tasks(config) or any(v != NONE for k, v in row.items() if k != "model"):
            rows.append(row)
    return rows


def _score(evidence: Evidence, task: str, model: str) -> str:
    scores = evidence.tasks.get(task)
    if scores is None or not scores.has(model):
        return NONE
    found, seeds = scores.score(model), scores.by_seed(model)
    best = max(scores.value(name) for name in scores.runs)
    text = f"**{score(found.value)}**" if found.value == best else score(found.value)
    each = f": {', '.join(map(score, seeds))}" if len(seeds) > 1 else ""
    return f"{text} ({interval(found.as_dict(), '.3f')}){each}"
