"""Scoring fine-tuned models on a task's split, with the predictions kept beside the scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.files import new_file, read_json, write_json
from gonerd.models.load import attention_used, load_model, longest_input, position_limit, weights_sha256
from gonerd.models.predict import predict_spans
from gonerd.models.tasks import TASKS, Example
from gonerd.models.windows import check_window
from gonerd.records import Span

from .environment import best_device, dataset_identity, environment
from .naming import model_name
from .spans import Score, score_spans, seqeval_strict


@dataclass(frozen=True)
class RunSettings:
    """How to evaluate.

    Attributes:
        task: A registered task.
        data: What the task's loader takes.
        split: Split to score.
        max_length: Positions in a window; what the model was fine-tuned with when None.
        stride: Positions that windows share; likewise.
        batch_size: Windows run at once.
        limit: Score the first documents only.
        int8: Compute the dense layers in 8-bit integers.
    """

    task: str = "gonerd"
    data: str = "sample"
    split: str = "test"
    max_length: int | None = None
    stride: int | None = None
    batch_size: int = 1
    limit: int | None = None
    int8: bool = False


def evaluate_model(model_or_id: str | Path, out: Path, settings: RunSettings | None = None) -> dict[str, Score]:
    """Scores one model and writes `OUT/<model>.<task>.<split>.json`, the predictions beside it.

    Args:
        model_or_id: Folder or hub id of a token classifier.
        out: Folder of the results.
        settings: What to evaluate and how.

    Returns:
        Exact span scores by label, and "micro".

    Raises:
        UsageError: The task is unknown, window and stride do not fit, or `out` holds another result of that name.
        GonerdError: Model or data cannot be loaded, or the model has no head for the task.
    """
    settings = settings or RunSettings()
    task = TASKS.get(settings.task)
    everything = task.load(settings.data, settings.split)
    examples = everything[: settings.limit]
    if not examples:
        raise GonerdError(f"dataset {settings.data!r}: split {settings.split!r} is empty, so there is nothing to score")
    model, tokenizer = load_model(model_or_id, "token-classification", device=best_device(), int8=settings.int8)
    if sorted((model.config.id2label or {}).values()) != sorted(task.tags):
        raise GonerdError(
            f"{model_or_id}: its classes are not the tags of task {task.name!r}; run `gonerd models finetune` first"
        )
    name = f"{model_name(model_or_id)}.{task.name}.{settings.split}"
    _check_overwrite(out / f"{name}.json", str(model_or_id), settings, len(examples))
    trained = _training_note(Path(model_or_id))
    max_length = settings.max_length or trained.get("max_length") or longest_input(model, tokenizer)
    check_window(max_length, settings.stride or trained.get("stride") or 128, position_limit(model))
    stride = settings.stride or trained.get("stride") or 128
    texts = [example.text for example in examples]
    predictions = predict_spans(
        model,
        tokenizer,
        texts,
        max_length=max_length,
        stride=stride,
        batch_size=settings.batch_size,
        global_attention=trained.get("global_attention", "first"),  # models of before it could be chosen
    )
    gold = [list(example.spans) for example in examples]
    scores = score_spans(gold, predictions.spans)
    _write_predictions(out / f"{name}.predictions.jsonl", examples, predictions.spans)
    write_json(
        out / f"{name}.json",
        {
            "kind": "scores",
            "model": model_name(model_or_id),
            "model_path": str(model_or_id),
            "weights_sha256": weights_sha256(model),
            "layers": model.config.num_hidden_layers,
            "parameters": sum(p.numel() for p in model.parameters()),
            "attention": attention_used(model),
            "int8": settings.int8,
            "dtype": str(model.dtype),
            "task": task.name,
            "task_version": task.version,
            "data": settings.data,
            "dataset": dataset_identity(settings.data),
            "split": settings.split,
            "documents": len(examples),
            "documents_before_limit": len(everything),
            "max_length": max_length,
            "stride": stride,
            "windows": predictions.windows,
            "words": predictions.words,
            "words_unseen": predictions.words_unseen,
            "words_truncated": 0,  # windows cover every text; predict_spans has no other way
            "training": trained,
            "scores": {label: score.as_dict() for label, score in scores.items()},
            "seqeval_strict": seqeval_strict(texts, gold, predictions.spans),
            "environment": environment(),
        },
    )
    return scores


def _check_overwrite(path: Path, model: str, settings: RunSettings, documents: int) -> None:
    """A result may be measured again, but never replaced by one of another model or other documents."""
    if not path.exists():
        return
    before = read_json(path, "remove it")
    before.setdefault("int8", False)  # results of earlier versions
    now = {"model_path": model, "data": settings.data, "documents": documents, "int8": settings.int8}
    for key, value in now.items():
        if before.get(key) != value:
            raise UsageError(
                f"{path}: holds a result with {key} {before.get(key)!r}, not {value!r}; choose another --out"
            )


def _training_note(folder: Path) -> dict[str, Any]:
    note = folder / "gonerd.json"
    return dict(read_json(note, "fine-tune the model again")) if note.exists() else {}


def _write_predictions(path: Path, examples: Sequence[Example], spans: Sequence[Sequence[Span]]) -> None:
    with new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        for example, found in zip(examples, spans, strict=True):
            values = [{"start": s.start, "end": s.end, "label": s.label, "score": s.score} for s in found]
            handle.write(json.dumps({"id": example.id, "spans": values}, ensure_ascii=False) + "\n")
