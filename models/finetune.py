"""Fine-tuning an encoder for a task on texts of any length, window by window, once or with several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from gonerd.files import check_replaceable

from .allocator import keep_freed_memory
from .finetuning import TaskData
from .finetuning.keeping import kept
from .finetuning.learner import Objective
from .finetuning.preparing import Prepared, finished_note, prepare, window_shape
from .finetuning.running import predict_pieces
from .finetuning.settings import FinetuneSettings, FinetuneSummary
from .finetuning.sources import Request, open_task
from .finetuning.train import Recipe, train
from .save import save

__all__ = ["FinetuneSettings", "FinetuneSummary", "best_of", "finetune", "finetune_task", "is_finished", "window_shape"]


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
    """Fine-tunes a model on examples at hand; one that was killed goes on after its last whole epoch.

    The checkpoint lies in a hidden folder beside `out`, which goes when the model is saved. With an `objective` of the
    caller's there is none.

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
    return finished_note(out, prepare(model_or_id, data, settings or FinetuneSettings()).facts) is not None


def _trial(
    model_or_id: str | Path,
    data: TaskData,
    out: Path,
    settings: FinetuneSettings,
    objective: Objective | None,
    resume: bool,
) -> FinetuneSummary:
    ready = prepare(model_or_id, data, settings, objective)
    done = finished_note(out, ready.facts) if resume else None
    if done is None:
        check_replaceable(out.resolve())  # before hours of training rather than after
        if torch.cuda.is_available():
            ready.model.to("cuda")
        # An objective of the caller's is in no setting, so its run could not be told from another's.
        keeps = ready.rates.epochs > 1 and objective is None
        with kept(out, ready.facts) if keeps else nullcontext() as scratch:
            done = {**ready.facts, **_run(ready, data, settings, scratch)}
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


def _run(ready: Prepared, data: TaskData, settings: FinetuneSettings, scratch: Path | None) -> dict[str, Any]:
    """Trains in place, and returns what came out for the note."""
    model, tokenizer, kind, attends = ready.model, ready.tokenizer, ready.kind, ready.attends
    pieces = kind.pieces(tokenizer, data.train, ready.shape, gold=True)
    tested = kind.pieces(tokenizer, data.held_out, ready.shape, gold=False)
    micro_batch = settings.micro_batch or ready.rates.batch_size

    def score() -> float:
        found = predict_pieces(model, tokenizer, kind, data.held_out, tested, attends, micro_batch)
        return data.score(found)

    recipe = Recipe(ready.rates, micro_batch, settings.patience, attends, settings.seed, settings.bf16)
    done = train(model, tokenizer, kind, pieces, recipe, score if tested else None, ready.objective, scratch)
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
