"""Results in the hub's two formats: rows of `model-index`, and entries of `.eval_results/`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from huggingface_hub import EvalResult, EvalResultEntry

from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.tasks import TASKS

_PIPELINES = {"sequence-classification": "text-classification", "sequence-regression": "text-classification"}
_ON_THE_HUB = {"matthews": "matthews_correlation", "pearson": "pearsonr", "spearman": "spearmanr", "FB1": "f1"}
_COMMIT = re.compile("[0-9a-f]{40}")


def eval_results(result: ScoresResult) -> Iterator[EvalResult]:
    """Yields the main number of each metric, in the official unit, for `model-index`."""
    task, counts = TASKS.get(result.task.name), result.counts
    part = "" if counts.scored == counts.before_limit else f" (first {counts.scored} of {counts.before_limit} examples)"
    for name, numbers in result.metrics.items():
        main = METRICS.get(name).main if name in METRICS.names() else next(iter(numbers))
        yield EvalResult(
            task_type=_PIPELINES.get(task.kind, task.kind),
            task_name=task.title,
            dataset_type=task.hub.path if task.hub else result.dataset.name,
            dataset_name=task.title,
            dataset_config=task.hub.config if task.hub else None,
            dataset_split=result.task.split,
            dataset_revision=_revision(result),
            metric_type=_ON_THE_HUB.get(main, main),
            metric_name=f"{name}, {main}{part}",
            metric_value=numbers[main],
        )


def entry(result: ScoresResult) -> EvalResultEntry:
    """Returns the task's score in percent, for `.eval_results/`.

    Source: https://huggingface.co/docs/hub/eval-results
    """
    task = TASKS.get(result.task.name)
    assert task.hub is not None
    headline = " and ".join(task.headline)
    library = result.environment.libraries.get("gonerd") or "of a checkout"
    return EvalResultEntry(
        dataset_id=task.hub.path,
        task_id=task.hub.config or "default",
        value=round(100 * result.score, 4),
        dataset_revision=_revision(result),
        notes=f"{headline}, {result.task.split}, {result.counts.scored} examples, gonerd {library}",
    )


def why_no_entry(result: ScoresResult, local_files: bool) -> str:
    """Tells why a result is none for the hub's leaderboards; empty where it is one."""
    hub = TASKS.get(result.task.name).hub
    if hub is None:
        return "its dataset is not on the hub"
    if result.dataset.name != hub.path and not local_files:
        return f"scored on local files; --local-files says that they are the split of {hub.path}"
    if result.counts.scored < result.counts.before_limit:
        return f"only {result.counts.scored} of {result.counts.before_limit} examples were scored"
    return "" if result.task.split else "the result does not say which split it is"


def _revision(result: ScoresResult) -> str | None:
    version = result.dataset.version or ""
    return version if _COMMIT.fullmatch(version) else None
