"""Tables of scores: what students keep and save, every score by task, and what of the matrix is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.report.figures import NONE, interval, milliseconds, score, share, with_interval
from gonerd.evaluation.tasks import TASKS

from .evidence import Evidence
from .groups import GROUPS, Drawn, group_kept, group_mean
from .systems import CTD, TEACHER, WINDOWS, System, systems_of, taught_systems
from .times import LENGTH, cell_at, hugging_face, memory_saved, time_saved

if TYPE_CHECKING:
    from .config import Replicate

Row = dict[str, Any]


def all_systems(config: Replicate) -> list[System]:
    """Lists every model of the tables, the taught ones last."""
    return [*systems_of(config), *taught_systems(config).values()]


def kept_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a student, in the shape of the reference: scores kept, time saved, memory saved."""
    return [_kept_row(config, evidence, system) for system in all_systems(config) if system.teacher is not None]


def _kept_row(config: Replicate, evidence: Evidence, system: System) -> Row:
    assert system.teacher is not None
    row: Row = {"student": system.title, "held against": f"`{system.teacher}`"}
    for group, title in GROUPS.items():
        found = group_kept(evidence, group, system.teacher, system.name)
        row[f"{title} kept"] = _with_tasks(found, planned(config, group))
    if system.attention == WINDOWS:
        return row | dict.fromkeys(_SAVED, NONE)
    timed = cell_at(evidence, f"{system.attention}-{CTD}")  # the other students have the same shape
    teacher, theirs = cell_at(evidence, system.teacher), hugging_face(evidence, system.teacher)
    figures = (
        _rounds(time_saved(teacher, timed)),
        share(memory_saved(teacher, timed)),
        _rounds(time_saved(theirs, timed)),
        share(memory_saved(theirs, timed)),
    )
    return row | dict(zip(_SAVED, figures, strict=True))


_SAVED = ("time saved", "memory saved", "time saved, Hugging Face's teacher", "memory saved, Hugging Face's teacher")


def planned(config: Replicate, group: str) -> int:
    """Returns the number of tasks of a group that the configuration names."""
    return sum(TASKS.get(told.task or name).group == group for name, told in config.tasks.items())


def _with_tasks(found: Drawn | None, count: int) -> str:
    """Writes a share with its interval, and of how many tasks it is where some are missing."""
    if found is None:
        return NONE
    ends = {"low": found.interval.low, "high": found.interval.high} if found.interval else None
    part = "" if len(found.tasks) == count else f", {len(found.tasks)} of {count} tasks"
    return with_interval(found.value, ends) + part


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
            whole = [m for s in systems if _whole(m := means[s.name, group], planned(config, group))]
            best = max((m.value for m in whole if m), default=None)
            row[title] = _mean(means[system.name, group], planned(config, group), best)
        windows = system.attention == WINDOWS
        # In windows it was measured beside full attention of the same size.
        beside = {TEACHER: "full/windows"}.get(system.order, f"full-{CTD}/windows")
        timed = beside if windows else system.name if system.order in (TEACHER, CTD) else f"{system.attention}-{CTD}"
        cell = cell_at(evidence, timed)
        row[f"ms, {LENGTH:,} tokens"] = milliseconds(cell.seconds) if cell else NONE
        row["peak MB"] = f"{cell.peak_bytes / 1e6:,.0f}" if cell else NONE
        rows.append(row)
    return rows


def _whole(found: Drawn | None, count: int) -> bool:
    return found is not None and len(found.tasks) == count


def _mean(found: Drawn | None, count: int, best: float | None) -> str:
    if found is None:
        return NONE
    text = score(found.value)
    text = f"**{text}**" if _whole(found, count) and found.value == best else text
    ends = f" ({interval(found.interval.as_dict(), '.3f')})" if found.interval else ""
    return text + ends + ("" if _whole(found, count) else f", {len(found.tasks)} of {count} tasks")


def task_rows(config: Replicate, evidence: Evidence, group: str) -> list[Row]:
    """Returns a row a model: its score on each task of a group, with its interval; the best are bold."""
    names = [name for name, told in config.tasks.items() if TASKS.get(told.task or name).group == group]
    rows = []
    for system in all_systems(config):
        row: Row = {"model": system.title}
        for name in names:
            row[f"`{name}`"] = _score(evidence, name, system.name)
        if system.order != "td" or any(value != NONE for key, value in row.items() if key != "model"):
            rows.append(row)
    return rows


def _score(evidence: Evidence, task: str, model: str) -> str:
    scores = evidence.tasks.get(task)
    if scores is None or not scores.has(model):
        return NONE
    found, seeds = scores.score(model), len(scores.runs[model])
    best = max(scores.value(name) for name in scores.runs)
    text = f"**{score(found.value)}**" if found.value == best else score(found.value)
    return f"{text} ({interval(found.as_dict(), '.3f')})" + (f", {seeds} seeds" if seeds > 1 else "")


def coverage_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a task: what it is scored on, and how many of its cells are there."""
    rows = []
    for name, told in config.tasks.items():
        task, scores = TASKS.get(told.task or name), evidence.tasks.get(name)
        taught = sum(name in one.tasks for one in config.taught)
        wanted = (len(systems_of(config)) + taught) * len(config.seeds)
        row = {"task": f"`{name}`", "what": task.title if name == task.name else f"{task.title}: {name}"}
        row |= {"group": GROUPS[task.group], "trained on": NONE, "scored": NONE, "split": NONE}
        if scores is not None:
            one = next(iter(scores.runs.values()))[0].result
            row["trained on"] = f"{one.training.get('documents', 0):,} examples"
            row["scored"] = f"{one.counts.scored:,} examples, {scores.documents:,} documents"
            row["split"] = str(one.dataset.split)
        seeds = [run.result.settings.seed for runs in scores.runs.values() for run in runs] if scores else []
        there = sum(seed in config.seeds for seed in seeds)
        further = f", {len(seeds) - there} of further seeds" if len(seeds) > there else ""
        rows.append(row | {"cells there": f"{there} of {wanted}{further}"})
    return rows
