"""Where examples come from: tasks of this room, or those of the room that scores models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.models.tasks import TASKS, Example
from gonerd.tokens import tokenize

from ._examples import TagExample, TaskData

# Evaluation stands above and may import this room, never the reverse; it registers its tasks here, as the crawler does
# with texts for the ground floor.
SOURCES = "gonerd.finetuning"
ABSENT = ("refuse", "set-aside", "no-answer")


@dataclass(frozen=True)
class Request:
    """Which examples are wanted.

    Attributes:
        task: Name of the task.
        data: Folder or hub id, for tasks of this room.
        data_dir: Folder with original files, for the others; the hub when None.
        revision: Commit of the hub's dataset.
        held_out: Split that the best epoch is chosen on; the task's when None, "none" for no choice.
        limit: Keep the first examples of each split only.
        absent_answers: What becomes of questions whose answer is not in their context: one of `ABSENT`.
        options: Options of the task's reader.
    """

    task: str
    data: str | Path | None = None
    data_dir: Path | None = None
    revision: str | None = None
    held_out: str | None = None
    limit: int | None = None
    absent_answers: str = "refuse"
    options: Mapping[str, str] = field(default_factory=dict)


def open_task(request: Request) -> TaskData:
    """Loads the examples of a task.

    Raises:
        UsageError: The task is unknown, or an option does not belong to it.
        GonerdError: The data cannot be read.
    """
    if request.absent_answers not in ABSENT:
        raise unknown_name("choice of --absent-answers", request.absent_answers, ABSENT)
    if request.task in TASKS.names():
        return _of_this_room(request)
    if request.data is not None:
        raise UsageError(f"--data is for {', '.join(TASKS.names())}; task {request.task!r} takes --data-dir")
    for entry in metadata.entry_points(group=SOURCES):
        found: TaskData = entry.load()(request)
        return found
    raise unknown_name("task", request.task, TASKS.names())


def _of_this_room(request: Request) -> TaskData:
    if request.revision is not None or request.options:
        raise UsageError(f"task {request.task!r} takes neither --revision nor --option; leave them out")
    task = TASKS.get(request.task)
    data = request.data if request.data is not None else request.data_dir or "sample"
    train = task.load(data, "train")[: request.limit]
    if not train:
        raise GonerdError(f"dataset {str(data)!r}: the training split is empty; build it from more documents")
    split = request.held_out or "validation"
    held_out = [] if split == "none" else task.load(data, split)[: request.limit]
    gold = [{span.key for span in example.spans} for example in held_out]

    def score(found: Any) -> float:
        pairs = [(truth, {span.key for span in spans}) for truth, spans in zip(gold, found, strict=True)]
        both = sum(len(a & b) for a, b in pairs)
        return 2 * both / max(sum(len(a) + len(b) for a, b in pairs), 1)

    return TaskData(
        name=task.name,
        version=task.version,
        kind="token-classification",
        labels=task.tags,
        train=[tagged(example) for example in train],
        held_out=[tagged(example) for example in held_out],
        score=score,
        metric="exact span F1",
        dataset={"data": str(data)},
    )


def tagged(example: Example) -> TagExample:
    """Cuts a text into the words of prediction time, which do not know the gold borders."""
    return TagExample(example.id, example.text, tuple(tokenize(example.text)), example.spans)
