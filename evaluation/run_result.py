"""The result file of a model that was run on a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .environment import environment
from .naming import cell_name, seeded_name
from .places import Place
from .prediction import counted
from .prediction_cache import Found
from .schema import CURRENT, ScoresResult
from .scoring import Matched, match, numbers
from .subject import Subject
from .tasks import Loaded

if TYPE_CHECKING:
    from .run import RunSettings


def scored_result(
    model_or_id: str | Path,
    place: Place,
    settings: RunSettings,
    loaded: Loaded,
    subject: Subject,
    found: Mapping[str, Found],
) -> tuple[ScoresResult, Matched]:
    """Scores predictions and says all that they depend on.

    Args:
        model_or_id: What was named.
        place: The task with its data.
        settings: How it was run.
        loaded: The examples.
        subject: The model that was run.
        found: Its predictions, by id.

    Returns:
        The result, and what was compared.
    """
    task, ids = place.task, [example.id for example in loaded.examples]
    gold = {example.id: (example.document, task.gold(example)) for example in loaded.examples}
    matched = match(task, gold, {e.id: task.guess(e, found[e.id].found) for e in loaded.examples})
    score, metrics = numbers(task, matched)
    counts = {"documents": len(set(matched.documents)), **loaded.counts(), **counted(found, ids)}
    value = {
        "schema_version": CURRENT,
        "kind": "scores",
        "model": {
            "name": seeded_name(model_or_id, settings.seed),
            "path": str(model_or_id),
            **_model(subject, settings),
        },
        "task": _task(place),
        "dataset": _dataset(place, loaded),
        "settings": _settings(subject, settings),
        "counts": counts,
        "score": score,
        "metrics": metrics,
        "predictions": f"{cell_name(model_or_id, place, settings.seed)}.predictions.jsonl",
        "training": subject.note,
        "environment": environment(),
    }
    return ScoresResult.model_validate(value), matched


def _model(subject: Subject, settings: RunSettings) -> dict[str, Any]:
    facts, model = subject.facts(int8=settings.int8), subject.model
    return {
        **{name: facts[name] for name in ("weights_sha256", "attention", "dtype")},
        "layers": model.config.num_hidden_layers,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _task(place: Place) -> dict[str, Any]:
    task = place.task
    return {
        "name": task.name,
        "entry": None if place.name == task.name else place.name,
        "version": task.version,
        "split": place.split,
        "options": place.entry.options,
    }


def _dataset(place: Place, loaded: Loaded) -> dict[str, Any]:
    folder = None if place.data_dir is None else str(place.data_dir)
    return {**loaded.dataset, "asked_for": loaded.dataset.get("asked_for") or folder}


def _settings(subject: Subject, settings: RunSettings) -> dict[str, Any]:
    return {
        "max_length": subject.shape.max_length,
        "stride": subject.shape.stride,
        "batch_size": settings.batch_size,
        "global_attention": subject.attends,
        "int8": settings.int8,
        "limit": settings.limit,
        "seed": subject.note.get("seed") if settings.seed is None else settings.seed,
    }
