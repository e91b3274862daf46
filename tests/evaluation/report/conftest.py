"""Result files of the current schema with made-up predictions."""

import json

import pytest

from gonerd.evaluation.environment import environment
from gonerd.evaluation.metrics import Spanned
from gonerd.evaluation.results import write_result
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.scoring import Matched, numbers
from gonerd.evaluation.tasks import TASKS

ENVIRONMENT = {**environment(model=False), "git": None}


def write_scores(folder, model, name, rows, **changes):
    """Writes a result and its predictions.

    Args:
        folder: Where.
        model: Name of the model, or a mapping with the fields of the model.
        name: Name of the task.
        rows: (id, gold, prediction) of each example; each is a document.
        **changes: Other fields of the result.
    """
    task = TASKS.get(name)
    ids, gold, predicted = (list(column) for column in zip(*rows, strict=True))
    matched = Matched(ids, ids, gold, predicted, [], [])
    score, metrics = numbers(task, matched)
    facts = {"name": model, "layers": 12, "parameters": 100} if isinstance(model, str) else model
    stem = "".join(char if char.isalnum() or char in "-." else "_" for char in f"{facts['name']}.{name}")
    value = {
        "schema_version": 2,
        "kind": "scores",
        "model": facts,
        "task": {"name": name, "version": task.version, "split": task.default_split},
        "dataset": {"name": "made-up", "version": "1"},
        "settings": {"max_length": 512, "stride": 64},
        "counts": {"before_limit": len(ids), "scored": len(ids), "words": 50, "windows": 3, "truncated": 0},
        "score": score,
        "metrics": metrics,
        "predictions": f"{stem}.predictions.jsonl",
        "environment": ENVIRONMENT,
        **changes,
    }
    write_result(folder / f"{stem}.json", ScoresResult.model_validate(value), matched)
    return folder / f"{stem}.json"


def write_times(folder, cells):
    """Writes efficiency cells, each (model, length, seconds, megabytes) with further fields."""
    rows = []
    for model, length, seconds, megabytes, more in cells:
        rows.append(
            {
                **{"model": model, "length": length, "batch": 1, "seconds": seconds, "repeats": 5, "layers": 4},
                **{"quartiles": [seconds, seconds], "tokens_per_second": length / seconds, "parameters": 100},
                **{"peak_bytes": megabytes * 10**6, "weight_bytes": 10**6, "growth_bytes": (megabytes - 1) * 10**6},
                **{"weights_sha256": "0" * 64, "attention": "longformer/unpadded-flash-merge", "threads": 2},
                **{"dtype": "torch.float32", "device": "cpu", "allocator_keeps_memory": True},
                **more,
            }
        )
    value = {"schema_version": 2, "kind": "efficiency", "seed": 0, "cells": rows, "environment": ENVIRONMENT}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "efficiency.json").write_text(json.dumps(value))


def classes(wrong, count=40):
    """Rows of a task with two classes, of which the ids `wrong` are predicted wrong."""
    return [(str(i), i % 2, 1 - i % 2 if i in wrong else i % 2) for i in range(count)]


TEXT = "Ann met Bo in Oslo."


def spanned(gold, predicted):
    """Rows of a task with spans: of each document the gold ones and the predicted ones."""
    pairs = enumerate(zip(gold, predicted, strict=True))
    return [(f"d{i}", Spanned(tuple(a), TEXT), Spanned(tuple(b), TEXT)) for i, (a, b) in pairs]


@pytest.fixture
def results(tmp_path):
    """Two models on two tasks, and their times: the small one keeps 0.85 / 0.95 and saves three quarters."""
    folder = tmp_path / "results"
    small = {"name": "small", "layers": 6, "parameters": 60}
    write_scores(folder, "big", "rte", classes({0, 1}))
    write_scores(folder, small, "rte", classes({1, 2, 3, 4, 5, 6}))
    gold = [[(0, 3, "PER"), (8, 10, "PER")], [(4, 8, "LOC")]]
    write_scores(folder, "big", "gonerd", spanned(gold, gold))
    write_scores(folder, small, "gonerd", spanned(gold, [[(0, 3, "PER"), (8, 10, "ORG")], [(4, 8, "LOC")]]))
    write_times(folder, [("big", 512, 2.0, 100, {}), ("small", 512, 0.5, 75, {})])
    return folder
