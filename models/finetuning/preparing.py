"""What a run of fine-tuning needs before its first step, and the note by which a finished one is known again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gonerd.files import read_json
from gonerd.models.load import attention_used, load_model, longest_input, position_limit, weights_sha256
from gonerd.models.save import NOTE
from gonerd.models.weights import config_sha256
from gonerd.models.windows import check_window

from . import KINDS, Kind, Shape, TaskData
from ._pieces import check_attends
from ._teacher import open_teacher, teacher_facts
from .defaults import Defaults, defaults_for
from .distillation import Distillation, Taught
from .learner import Objective
from .settings import FinetuneSettings


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to begin."""

    model: Any
    tokenizer: Any
    kind: Kind
    shape: Shape
    rates: Defaults
    attends: str
    facts: dict[str, Any]
    objective: Objective | None


def prepare(
    model_or_id: str | Path, data: TaskData, settings: FinetuneSettings, objective: Objective | None = None
) -> Prepared:
    """Loads model, tokenizer and, where one is named, the teacher, and settles what the run is made of.

    Raises:
        UsageError: Window, stride, global tokens or a setting of the distillation do not fit.
        GonerdError: A model cannot be loaded, or the two do not fit each other.
    """
    from transformers import set_seed

    kind = KINDS.get(data.kind)(data.labels)
    attends = settings.global_attention or kind.attends
    check_attends(attends, data.kind)
    rates = _rates(data, settings)
    set_seed(settings.seed)
    overrides = kind.overrides()
    if settings.attention_dropout is not None:
        overrides["attention_probs_dropout_prob"] = settings.attention_dropout
    model, tokenizer = load_model(model_or_id, kind.head, **overrides)
    shape = window_shape(model, tokenizer, settings.max_length, settings.stride)
    facts = _facts(model_or_id, model, data, shape, rates, settings, attends)
    if settings.teacher is not None and objective is None:
        told = Distillation(settings.teacher, settings.distill_weight, settings.temperature, settings.state_losses)
        teacher = open_teacher(told, kind, tokenizer, shape, attends)
        facts |= teacher_facts(told, teacher)
        objective = Taught(kind, told, model, teacher)
    return Prepared(model, tokenizer, kind, shape, rates, attends, facts, objective)


def _facts(
    model_or_id: str | Path,
    model: Any,
    data: TaskData,
    shape: Shape,
    rates: Defaults,
    settings: FinetuneSettings,
    attends: str,
) -> dict[str, Any]:
    """Returns what a model's note says before it is trained."""
    told = asdict(settings)
    if settings.teacher is None:
        told = {name: value for name, value in told.items() if name not in _OF_A_TEACHER}
    return {
        "made_by": "gonerd models finetune",
        "source": str(model_or_id),
        "task": data.name,
        "task_version": data.version,
        **data.dataset,
        **told,
        **{name: value for name, value in asdict(rates).items() if name != "source"},
        **asdict(shape),
        "defaults": rates.source,
        "global_attention": attends,
        "attention_used": attention_used(model),
        "begun_from_sha256": weights_sha256(model),
        "begun_from_config_sha256": config_sha256(model.config),
    }


_OF_A_TEACHER = ("teacher", "distill_weight", "temperature", "state_losses")


def _rates(data: TaskData, settings: FinetuneSettings) -> Defaults:
    named = ("epochs", "learning_rate", "batch_size", "weight_decay")
    given = {name: getattr(settings, name) for name in named if getattr(settings, name) is not None}
    return replace(defaults_for(data.name, data.kind), **given)


def window_shape(model: Any, tokenizer: Any, max_length: int | None = None, stride: int | None = None) -> Shape:
    """Returns how texts are cut for a model.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        max_length: Positions in a window; the longest that both take when None.
        stride: Positions that neighbouring windows share; 128, or a quarter of a short window, when None.

    Raises:
        UsageError: Window and stride do not fit each other, or the model.
    """
    length = max_length or longest_input(model, tokenizer)
    stride = stride if stride is not None else max(min(128, (length - 2) // 4), 1)
    check_window(length, stride, position_limit(model))
    return Shape(length, stride)


def finished_note(out: Path, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the note of a trial that was finished with just these settings, wherever its model lay then."""
    if not (out / NOTE).exists():
        return None
    note: dict[str, Any] = read_json(out / NOTE, "remove the folder")
    wanted = json.loads(json.dumps({**facts, "source": note.get("source")}, default=str))
    return note if all(note.get(name) == value for name, value in wanted.items()) else None
