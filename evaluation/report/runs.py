"""One result of scores, what it was scored on, and which results are seeds of one system."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gonerd.evaluation.compare.side import named, without_seed
from gonerd.evaluation.schema import ScoresResult


@dataclass(frozen=True)
class Run:
    """A result of scores.

    Attributes:
        path: Its file.
        result: What it says.
    """

    path: Path
    result: ScoresResult

    @property
    def column(self) -> Column:
        """What was scored: only results of the same column compare."""
        task, dataset, counts = self.result.task, self.result.dataset, self.result.counts
        facts = dataset.sha256 or json.dumps([dataset.name, dataset.version, dataset.files], sort_keys=True)
        # Results may name the entry of their data where several stand behind one task.
        entry = getattr(task, "entry", None) or task.name
        return Column(task.name, entry, task.split, task.version, counts.scored, facts)


@dataclass(frozen=True)
class Column:
    """A task over certain examples.

    Attributes:
        task: Name of the task.
        entry: Name of its data, that of the task unless several stand behind it.
        split: Its split; None where a reference file was named.
        version: Version of the task.
        examples: How many were scored.
        data: What tells the dataset from others: a hash, or name, version and files.
    """

    task: str
    entry: str
    split: str | None
    version: str
    examples: int
    data: str

    @property
    def title(self) -> str:
        """Task, or entry of its data, and split."""
        return named((self.entry, self.split))


Runs = dict[str, dict[Column, list[Run]]]


def by_system(runs: Iterable[Run]) -> Runs:
    """Groups results by system, that is by name without the seed, and by what was scored.

    Where folders hold different models of one name, the folder is added to it; a result that is there twice counts
    once.
    """
    by_name: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_name[without_seed(run.result.model.name)].append(run)
    found: Runs = {}
    for name, held in sorted(by_name.items()):
        apart = _are_strangers(held)
        for run in held:
            system = f"{name} ({run.path.parent})" if apart else name
            seeds = found.setdefault(system, {}).setdefault(run.column, [])
            if not any(_same(run, other) for other in seeds):
                seeds.append(run)
    return found


def _same(run: Run, other: Run) -> bool:
    """Whether two files hold one result, in two folders for instance."""
    return run.result.model == other.result.model and run.result.metrics == other.result.metrics


def _are_strangers(runs: Sequence[Run]) -> bool:
    """Whether runs of one name lie in several folders and are of different weights."""
    weights: dict[str, set[str | None]] = defaultdict(set)
    for run in runs:
        weights[run.result.model.name].add(run.result.model.weights_sha256)
    return len({run.path.parent for run in runs}) > 1 and any(len(found) > 1 for found in weights.values())
