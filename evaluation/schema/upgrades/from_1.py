"""Version 1, before files stated one: a flat list of fields, one task."""

from __future__ import annotations

from typing import Any

from . import UPGRADES

_MODEL = ("weights_sha256", "layers", "parameters", "attention", "dtype")


@UPGRADES.register("from_1")
def upgrade(value: dict[str, Any]) -> dict[str, Any]:
    """Parts the fields by what they speak of; what version 1 did not note stays open."""
    if value["kind"] == "efficiency":
        return {**value, "schema_version": 2}
    micro = value["scores"]["micro"]
    training = value.get("training") or {}
    labels = {label: score for label, score in value["scores"].items() if label != "micro"}
    return {
        "schema_version": 2,
        "kind": "scores",
        "model": {
            "name": value["model"],
            "path": value.get("model_path"),
            **{name: value[name] for name in _MODEL},
        },
        "task": {"name": value["task"], "version": value["task_version"], "split": value["split"]},
        "dataset": {**value["dataset"], "asked_for": value["data"], "split": value["split"]},
        "settings": {
            "max_length": value["max_length"],
            "stride": value["stride"],
            "int8": value.get("int8", False),
            "seed": training.get("seed"),
        },
        "counts": {
            "before_limit": value["documents_before_limit"],
            "scored": value["documents"],
            "words": value["words"],
            "windows": value["windows"],
            "words_unseen": value["words_unseen"],
            "truncated": value["words_truncated"],
        },
        "score": micro["f1"],
        "metrics": {"exact_spans": {**micro, "labels": labels}, "seqeval_strict": value["seqeval_strict"]},
        "predictions": f"{value['model']}.{value['task']}.{value['split']}.predictions.jsonl",
        "training": training,
        "environment": value["environment"],
    }
