"""Fine-tuning what has no head for a task yet, with the recipes of `gonerd models finetune`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.models.finetune import FinetuneSettings, finetune_task, is_finished
from gonerd.models.finetuning import TaskData

from .finetune import task_data
from .places import Place
from .tasks import Task
from .tasks._ner import entity_types


@dataclass(frozen=True)
class TuneSettings:
    """How a model that has no head for a task is fine-tuned; None stands for the task's own.

    Attributes:
        max_length: Positions in a window.
        stride: Positions that neighbouring windows share.
        epochs: Passes over the training windows.
        limit: Train on the first examples only.
        seed: Seed of head, order and dropout.
        bf16: Whether layers compute in bf16; where a GPU can when None.
    """

    max_length: int | None = None
    stride: int | None = None
    epochs: float | None = None
    limit: int | None = None
    seed: int = 0
    bf16: bool | None = None


def training_data(place: Place, limit: int | None = None) -> TaskData:
    """Loads what a task trains on.

    The epoch is chosen on the validation split, but never on what is scored: then the last epoch stays.

    Raises:
        UsageError: There is no such split, or two of them may share examples.
        GonerdError: The data cannot be read.
    """
    entry = place.entry
    place.check_apart()
    try:
        train = place.load("train", limit)
    except GonerdError as error:
        raise type(error)(
            f"task {place.name!r} has to be fine-tuned first, and its training split cannot be read: {error}"
        ) from error
    held_out = place.held_out()
    if entry.held_out is None and held_out != "none" and not _readable(place, held_out):
        held_out = "none"
    tested = None if held_out == "none" else place.load(held_out, limit)
    return task_data(_labelled(place), train, tested, entry.absent_answers)


def _labelled(place: Place) -> Task:
    """Returns the task, with the entity types of all its data where it states none: a limit may leave one out."""
    task = place.task
    if task.kind != "token-classification" or task.labels:
        return task
    return replace(task, labels=tuple(entity_types(chain(place.load("train").examples, place.load().examples))))


def _readable(place: Place, split: str) -> bool:
    """Whether files at hand hold a split that nobody asked for by name."""
    if place.data_dir is None or place.task.name == "gonerd" or split in place.entry.made:
        return True
    try:
        return bool(place.task.locate(place.data_dir, split))
    except GonerdError:
        return False


def finetune_settings(place: Place, settings: TuneSettings) -> FinetuneSettings:
    """Returns the settings of the recipe: the command line's, those of the data's entry, the task's own."""
    return FinetuneSettings(
        max_length=settings.max_length,
        stride=settings.stride,
        epochs=settings.epochs or place.entry.epochs,
        learning_rate=place.entry.learning_rate,
        batch_size=place.entry.batch_size,
        bf16=settings.bf16,
        seed=settings.seed,
        limit=settings.limit,
    )


def tuned(model_or_id: str | Path, place: Place, out: Path, settings: TuneSettings) -> Path:
    """Fine-tunes a model for a task, unless it was before: from the same weights, data and settings.

    Args:
        model_or_id: Folder or hub id of an encoder.
        place: The task with its data.
        out: Folder of the fine-tuned model.
        settings: How.

    Returns:
        `out`.

    Raises:
        UsageError: Window and stride do not fit.
        GonerdError: Model or data cannot be loaded, or the loss is no number any more.
    """
    data = training_data(place, settings.limit)
    finetune_task(model_or_id, data, out, finetune_settings(place, settings), resume=True)
    return out


def is_tuned(model_or_id: str | Path, place: Place, out: Path, settings: TuneSettings) -> bool:
    """Tells whether `tuned` would take what lies in `out` as it is."""
    return is_finished(model_or_id, training_data(place, settings.limit), out, finetune_settings(place, settings))
