"""What was run: how much of the matrix is there, on what, and what each model read before it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.report.figures import NONE
from gonerd.evaluation.tasks import TASKS

from .alike import passes
from .evidence import Evidence
from .groups import GROUPS
from .scores import TaskScores
from .systems import WINDOWS, all_systems, made_systems, some_tasks, systems_of

if TYPE_CHECKING:
    from .config import Replicate

Row = dict[str, Any]


def coverage_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a task: what it is scored on, and how many of its cells are there."""
    rows = []
    for name, told in config.tasks.items():
        task, scores = TASKS.get(told.task or name), evidence.tasks.get(name)
        some = sum(name in tasks for tasks in some_tasks(config).values())
        wanted = (len(systems_of(config)) + some) * len(config.seeds)
        row = {"task": f"`{name}`", "what": task.title if name == task.name else f"{task.title}: {name}"}
        row |= {"group": GROUPS[task.group], "trained on": NONE, "updates": NONE}
        row |= {"scored": NONE, "split": NONE}
        if scores is not None:
            one = next(iter(scores.runs.values()))[0].result
            row["trained on"] = f"{one.training.get('documents', 0):,} examples"
            row["updates"] = _updates(config, scores)
            row["scored"] = f"{one.counts.scored:,} examples, {scores.documents:,} documents"
            row["split"] = str(one.dataset.split)
        seeds = [run.result.settings.seed for runs in scores.runs.values() for run in runs] if scores else []
        there = sum(seed in config.seeds for seed in seeds)
        further = f", {len(seeds) - there} of further seeds" if len(seeds) > there else ""
        rows.append(row | {"cells there": f"{there} of {wanted}{further}"})
    return rows


def _updates(config: Replicate, scores: TaskScores) -> str:
    """Says how many updates of the weights a fine-tuning made: as many passes are more where windows are short."""
    windowed = {system.name for system in all_systems(config) if system.attention == WINDOWS}
    steps: dict[str, set[int]] = defaultdict(set)
    for name, run in ((name, run) for name, runs in scores.runs.items() for run in runs):
        often = f" in {passes(run)} times the epochs" if passes(run) > 1 else ""
        if "steps" in run.result.training:
            steps[often + " in windows" * (name in windowed)].add(run.result.training["steps"])
    said = [f"{', '.join(map(str, sorted(found)))}{how}" for how, found in steps.items()]
    return "; ".join(sorted(said)) or NONE


def reading_rows(config: Replicate, evidence: Evidence) -> list[Row]:
    """Returns a row a model that was made: the tokens that it read, and those of the models that it came from."""
    rows = []
    for system in made_systems(config):
        made = evidence.models.get(system.name)
        if made is None:
            continue
        own, before = _read(evidence, system.name)
        row: Row = {"model": system.title, "layers": made.get("layers", NONE), "attention": made.get("attention_used")}
        rows.append(row | {"tokens read": f"{own:,}", "by what it is half of": f"{before:,}"})
    return rows


def _read(evidence: Evidence, model: str) -> tuple[int, int]:
    """Returns the tokens of a model since it was halved or converted, and those of its line before."""
    own = before = 0
    halved, one = False, evidence.models.get(model)
    while one is not None:
        tokens = int(one.get("tokens", 0))
        halved = halved or "layers" in one.get("step", {})
        own, before = (own, before + tokens) if halved else (own + tokens, before)
        one = evidence.models.get(str(one.get("of")))
    return own, before
