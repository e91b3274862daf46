"""Fine-tuning an encoder for a task on texts of any length, window by window, once or with several seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from gonerd.files import check_replaceable, read_json

from .allocator import keep_freed_memory
from .finetuning import KINDS, Kind, Shape, TaskData
from .finetuning._kind import check_attends
from .finetuning._teacher import open_teacher, teacher_facts
from .finetuning.defaults import Defaults, defaults_for
from .finetuning.distillation import Distillation, Taught
from .finetuning.running import predict_pieces
from .finetuning.sources import Request, open_task
from .finetuning.train import Objective, Recipe, train
from .load import attention_used, load_model, longest_input, position_limit, weights_sha256
from .save import NOTE, save
from .windows import check_window


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune; None stands for the default of the task (`gonerd.models.finetuning.defaults`).

    Attributes:
        max_length: Positions in a window; the model's own limit when None.
        stride: Positions that neighbouring windows share; 128, or a quarter of a short window, when None.
        epochs: Passes over the training windows.
        learning_rate: Peak of a linear warm-up and decay.
        batch_size: Windows a step.
        micro_batch: Windows at once, where a batch does not fit into memory; the batch when None.
        weight_decay: Of AdamW.
        attention_dropout: Probability of dropping an attention weight; the model's own when None. 0 keeps
            the fused attention kernel, which halves the time of a step on a CPU.
        global_attention: Which tokens are global, "none", "first" or "question"; chosen by the kind of task when None.
        patience: Epochs without a better held-out score after which training ends; never when None.
        bf16: Whether layers compute in bf16, the weights staying in fp32; where a GPU can when None. Of CPUs only those
            with instructions for it gain by it, twofold; others emulate it slowly.
        teacher: Folder or hub id of a model fine-tuned for the task, to distil from; none when None.
        distill_weight: Share of the teacher's soft targets in the loss; the gold labels have the rest.
        temperature: What both models' logits are divided by.
        state_losses: Options of losses over hidden states by their names (`gonerd.models.losses`), for instance
            {"hidden_mse": {"weight": 1.0, "layers": "uniform"}}; they come on top.
        trials: Runs, with seeds from `seed` on, each saved in a folder of its own when there are several.
        seed: Seed of the head, the order and the dropout.
        limit: Train on the first documents only.
    """

    max_length: int | None = None
    stride: int | None = None
    epochs: float | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    micro_batch: int | None = None
    weight_decay: float | None = None
    attention_dropout: float | None = None
    global_attention: str | None = None
    patience: int | None = None
    bf16: bool | None = None
    teacher: str | Path | None = None
    distill_weight: float = 0.5
    temperature: float = 2.0
    state_losses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trials: int = 1
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class FinetuneSummary:
    """What was trained on, and what came out: no document, word or span is left out.

    Attributes:
        documents: Training examples.
        windows: Windows they were cut into.
        steps: Optimiser steps.
        loss: Mean loss of the run.
        attention: The attention that was computed.
        seed: Seed of the run.
        score: Held-out score of the weights that were kept; None without held-out examples.
        metric: Name of that score.
        folder: Where the model lies.
    """

    documents: int
    windows: int
    steps: int
    loss: float
    attention: str
    seed: int
    score: float | None
    metric: str
    folder: Path


def finetune(
    model_or_id: str | Path,
    data: str | Path | None,
    out: Path,
    task: str = "gonerd",
    settings: FinetuneSettings | None = None,
) -> FinetuneSummary:
    """Fine-tunes a model on the training split of a task and saves it with its tokenizer.

    Args:
        model_or_id: Folder or hub id of an encoder.
        data: What the task's loader takes: a release for "gonerd", for other tasks a folder of original files, or
            None for the hub.
        out: Folder of the fine-tuned model.
        task: A registered task.
        settings: How to fine-tune.

    Returns:
        What was done; of several trials, the best.

    Raises:
        UsageError: The task is unknown, or window and stride do not fit.
        GonerdError: Model or data cannot be loaded, or the loss is no number any more.
    """
    settings = settings or FinetuneSettings()
    folder = Path(data) if data is not None else None
    own = {"data": data} if task == "gonerd" else {"data_dir": folder}
    return best_of(finetune_task(model_or_id, open_task(Request(task, limit=settings.limit, **own)), out, settings))


def best_of(trials: Sequence[FinetuneSummary]) -> FinetuneSummary:
    """Returns the trial with the best held-out score, or the lowest loss where there is none; the first of equals."""
    return max(trials, key=lambda done: -done.loss if done.score is None else done.score)


def finetune_task(
    model_or_id: str | Path,
    data: TaskData,
    out: Path,
    settings: FinetuneSettings | None = None,
    objective: Objective | None = None,
    resume: bool = False,
) -> list[FinetuneSummary]:
    """Fine-tunes a model on examples at hand.

    Args:
        model_or_id: Folder or hub id of an encoder.
        data: The task.
        out: Folder of the fine-tuned model; of several trials, the folder that holds `seed-N`.
        settings: How to fine-tune.
        objective: See `gonerd.models.finetuning.train.train`; in place of the teacher that the settings name.
        resume: Take a single run that was finished before, from the same weights, data and settings, as it is; of
            several trials those are always taken.

    Returns:
        One summary a trial.

    Raises:
        UsageError: Window, stride, global tokens or a setting of the distillation do not fit.
        GonerdError: The model or its teacher cannot be loaded, the two do not fit each other, an example does not fit
            its task, or the loss is no number any more.
    """
    settings = settings or FinetuneSettings()
    keep_freed_memory()
    if settings.trials == 1:
        return [_trial(model_or_id, data, out, settings, objective, resume)]
    seeds = range(settings.seed, settings.seed + settings.trials)
    folders = {seed: out / f"seed-{seed}" for seed in seeds}
    return [
        _trial(model_or_id, data, folders[seed], replace(settings, seed=seed, trials=1), objective, resume=True)
        for seed in seeds
    ]


@dataclass(frozen=True)
class _Prepared:
    """A run that is ready to begin."""

    model: Any
    tokenizer: Any
    kind: Kind
    shape: Shape
    rates: Defaults
    attends: str
    facts: dict[str, Any]
    objective: Objective | None


def _prepare(
    model_or_id: str | Path, data: TaskData, settings: FinetuneSettings, objective: Objective | None = None
) -> _Prepared:
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
    return _Prepared(model, tokenizer, kind, shape, rates, attends, facts, objective)


def is_finished(model_or_id: str | Path, data: TaskData, out: Path, settings: FinetuneSettings | None = None) -> bool:
    """Tells whether a folder holds what `finetune_task` would make: from the same weights, data and settings.

    Args:
        model_or_id: Folder or hub id of an encoder.
        data: The task.
        out: Folder of the fine-tuned model.
        settings: How to fine-tune, a single trial.

    Raises:
        UsageError: Window, stride or global tokens do not fit.
        GonerdError: The model cannot be loaded.
    """
    return _finished(out, _prepare(model_or_id, data, settings or FinetuneSettings()).facts) is not None


def _trial(
    model_or_id: str | Path,
    data: TaskData,
    out: Path,
    settings: FinetuneSettings,
    objective: Objective | None,
    resume: bool,
) -> FinetuneSummary:
    ready = _prepare(model_or_id, data, settings, objective)
    done = _finished(out, ready.facts) if resume else None
    if done is None:
        check_replaceable(out.resolve())  # before hours of training rather than after
        if torch.cuda.is_available():
            ready.model.to("cuda")
        done = {**ready.facts, **_run(ready, data, settings)}
        remembered = {"kind": data.kind, "labels": list(ready.kind.labels), "global_attention": ready.attends}
        ready.model.config.task_specific_params = {"gonerd": {**remembered, **asdict(ready.shape)}}
        save(ready.model, ready.tokenizer, out, done)
    return FinetuneSummary(
        documents=done["documents"],
        windows=done["windows"],
        steps=done["steps"],
        loss=done["loss"],
        attention=done["attention_used"],
        seed=done["seed"],
        score=done["score"],
        metric=data.metric,
        folder=out,
    )


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


def _finished(out: Path, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the note of a trial that was finished with just these settings, wherever its model lay then."""
    if not (out / NOTE).exists():
        return None
    note: dict[str, Any] = read_json(out / NOTE, "remove the folder")
    wanted = json.loads(json.dumps({**facts, "source": note.get("source")}, default=str))
    return note if all(note.get(name) == value for name, value in wanted.items()) else None


def _run(ready: _Prepared, data: TaskData, settings: FinetuneSettings) -> dict[str, Any]:
    """Trains in place, and returns what came out for the note."""
    model, tokenizer, kind, attends = ready.model, ready.tokenizer, ready.kind, ready.attends
    pieces = kind.pieces(tokenizer, data.train, ready.shape, gold=True)
    tested = kind.pieces(tokenizer, data.held_out, ready.shape, gold=False)
    micro_batch = settings.micro_batch or ready.rates.batch_size

    def score() -> float:
        found = predict_pieces(model, tokenizer, kind, data.held_out, tested, attends, micro_batch)
        return data.score(found)

    recipe = Recipe(ready.rates, micro_batch, settings.patience, attends, settings.seed, settings.bf16)
    done = train(model, tokenizer, kind, pieces, recipe, score if tested else None, ready.objective)
    return {
        "documents": len(data.train),
        "windows": len(pieces),
        "steps": done.steps,
        "loss": done.loss,
        "held_out_documents": len(data.held_out),
        "metric": data.metric,
        "score": done.history[done.best_epoch - 1] if done.best_epoch else None,
        "history": done.history,
        "best_epoch": done.best_epoch,
    }
