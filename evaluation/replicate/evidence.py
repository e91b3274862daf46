"""Everything that was kept of a replication, read and checked to stand in one table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.evaluation.compare.counts import Kept, read_kept
from gonerd.evaluation.compare.side import without_seed
from gonerd.evaluation.schema import EfficiencyResult, read_result
from gonerd.evaluation.schema.reading import is_result
from gonerd.files import read_json

from .alike import check_alike
from .publish import BASE
from .scores import TaskScores

SUMMARY = "models.json"


@dataclass(frozen=True)
class Evidence:
    """What was kept of a replication.

    Attributes:
        tasks: Scores by task.
        times: Results of time and memory, by name of the file.
        models: What is known of the making of each model.
        text: What they were trained on.
        encoder: What it all began with.
        others: Tasks with results that nobody asked for.
    """

    tasks: dict[str, TaskScores]
    times: dict[str, EfficiencyResult] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)
    encoder: str | None = None
    others: tuple[str, ...] = ()

    @property
    def runs(self) -> list[Kept]:
        """All results of scores."""
        return [run for task in self.tasks.values() for runs in task.runs.values() for run in runs]


def read_evidence(folder: Path, tasks: Collection[str] | None = None, whole_road: bool = False) -> Evidence:
    """Reads a folder of kept results; one that is missing holds nothing.

    Args:
        folder: The folder.
        tasks: Names of the tasks that are asked for; all when None.
        whole_road: Whether every seed has models of its own.

    Raises:
        GonerdError: A file is malformed, or two results of a task are over different examples or settings.
    """
    runs: dict[str, dict[str, list[Kept]]] = defaultdict(lambda: defaultdict(list))
    times: dict[str, EfficiencyResult] = {}
    for path in sorted(folder.glob("*.json")):
        if not is_result(read_json(path, "restore it")):
            continue
        result = read_result(path)
        if isinstance(result, EfficiencyResult):
            times[path.stem] = result
        else:
            runs[result.task.title][without_seed(result.model.name)].append(read_kept(path))
    summary = read_json(folder / SUMMARY, "restore it") if (folder / SUMMARY).is_file() else {}
    others = tuple(sorted(set(runs) - set(runs if tasks is None else tasks)))
    evidence = Evidence(
        {name: TaskScores(name, dict(found), whole_road) for name, found in runs.items() if name not in others},
        times,
        dict(summary.get("models", {})),
        dict(summary.get("text", {})),
        summary.get("encoder"),
        others,
    )
    for task in evidence.tasks.values():
        check_alike([run for one in task.runs.values() for run in one])
    for run in evidence.runs:
        _check_base(run, evidence.models)
    return evidence


def _check_base(run: Kept, models: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuses a result of a model that was made anew since."""
    name = (run.result.model.path or "").rpartition("/")[2]
    for key in BASE:
        theirs, ours = run.result.training.get(f"base_{key}"), models.get(name, {}).get(key)
        if theirs is not None and ours is not None and theirs != ours:
            raise GonerdError(
                f"{run.path}: is of a model {name!r} of which {SUMMARY} states another {key}, so the two do not stand "
                "in one table; run `gonerd evaluate replicate --redo`"
            )
