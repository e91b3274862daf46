"""The result file of a scored prediction file: what is not known of the model stays open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .environment import environment
from .schema import ScoresResult


def scored_file(
    found: Mapping[str, Any], references: Path, out: Path, *, model: str, options: Mapping[str, str], partial: bool
) -> ScoresResult:
    """Builds the result.

    Args:
        found: What `score_files` returned.
        references: The gold file.
        out: Where the result will be written; the predictions are named after it.
        model: Name of the model.
        options: Options of the task's reader.
        partial: Whether missing predictions counted as wrong.

    Returns:
        A result of the current schema.
    """
    digest = hashlib.sha256(references.read_bytes()).hexdigest()
    return ScoresResult.model_validate(
        {
            "schema_version": 2,
            "kind": "scores",
            "model": {"name": model},
            "task": {"name": found["task"], "version": found["task_version"], "options": options},
            "dataset": {"name": references.name, "sha256": digest, "files": {references.name: digest}},
            "settings": {"partial": partial},
            "counts": found["counts"],
            "score": found["score"],
            "metrics": found["metrics"],
            "predictions": f"{out.name.removesuffix('.json')}.predictions.jsonl",
            "environment": environment(model=False),
        }
    )
