"""Loading the teacher of a fine-tuning, and refusing one that the student cannot learn from."""

from __future__ import annotations

from typing import Any

from gonerd.errors import GonerdError
from gonerd.models.corpus.tokens import tokenizer_sha256
from gonerd.models.heads import head_of
from gonerd.models.load import load_model, position_limit
from gonerd.models.weights import config_sha256, weights_sha256
from gonerd.models.windows import takes_global_mask

from ._kind import Kind
from ._pieces import Shape
from .distillation import Distillation


def open_teacher(told: Distillation, kind: Kind, tokenizer: Any, shape: Shape, attends: str) -> Any:
    """Loads a teacher and checks that a student of this task can learn from it.

    Args:
        told: How to distil.
        kind: The kind of task, with its labels.
        tokenizer: The student's tokenizer.
        shape: How texts are cut for both.
        attends: Which tokens are global for both.

    Returns:
        The teacher, with attention, depth and width of its own.

    Raises:
        GonerdError: It cannot be loaded, or head, labels, tokenizer, length or global tokens are others.
    """
    teacher: Any
    teacher, theirs = load_model(told.teacher, None)
    where, config = f"teacher {told.teacher}", teacher.config
    if (head := head_of(type(teacher).__name__)) != kind.head:
        raise GonerdError(f"{where}: has a head for {head}, not for {kind.head}; fine-tune it for this task first")
    known = (getattr(config, "task_specific_params", None) or {}).get("gonerd", {})
    labels = tuple(known.get("labels", ())) if known else _labels(config, kind)
    if labels != kind.labels or config.num_labels != kind.overrides()["num_labels"]:
        raise GonerdError(
            f"{where}: its labels ({_listed(labels)}) are not the task's ({_listed(kind.labels)}), in the same order; "
            "fine-tune it on the same data"
        )
    if tokenizer_sha256(theirs) != tokenizer_sha256(tokenizer):
        raise GonerdError(f"{where}: its tokenizer is not the student's; choose a teacher that reads the same tokens")
    if position_limit(teacher) < shape.max_length:
        raise GonerdError(
            f"{where}: it reads {position_limit(teacher)} tokens, and windows have {shape.max_length}; lower "
            "--max-length"
        )
    if takes_global_mask(teacher) and known.get("global_attention", attends) != attends:
        raise GonerdError(
            f"{where}: its global tokens are {known['global_attention']!r}, not {attends!r}; pass --global-attention "
            f"{known['global_attention']}"
        )
    return teacher


def teacher_facts(told: Distillation, teacher: Any) -> dict[str, Any]:
    """Returns what a student's note says of its teacher."""
    hashes = {"teacher_sha256": weights_sha256(teacher), "teacher_config_sha256": config_sha256(teacher.config)}
    return {"teacher": str(told.teacher), **hashes, "losses": told.facts()}


def _labels(config: Any, kind: Kind) -> tuple[str, ...]:
    """Returns the labels of a model that was fine-tuned elsewhere; of questions and numbers it cannot say any."""
    names: dict[int, str] = config.id2label or {}
    if "id2label" in kind.overrides():
        return tuple(names[i] for i in sorted(names))
    return tuple(label for label in kind.labels if not label)


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(label or "no answer" for label in labels) or "none"
