"""The tasks that models are scored on, as fine-tuning takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from gonerd.errors import GonerdError, needs_extra
from gonerd.models import finetuning
from gonerd.models.finetuning._answers import places_of
from gonerd.models.finetuning.sources import Request

from .tasks import TASKS, Loaded, QuestionExample, TaggedExample, Task, TextExample
from .tasks._ner import entity_types

CHOICES = ("yes", "no")


def open_task(request: Request) -> finetuning.TaskData:
    """Loads a task of `gonerd.evaluation.tasks` for fine-tuning.

    Args:
        request: Which examples are wanted.

    Returns:
        Neutral examples, and the task's own score for predictions of the held-out ones.

    Raises:
        UsageError: The task, its split or an option is unknown.
        GonerdError: The data cannot be read, or an example has no public answer.
    """
    task = TASKS.get(request.task)
    asked: dict[str, Any] = {
        "data_dir": request.data_dir,
        "revision": request.revision,
        "limit": request.limit,
        **request.options,
    }
    split = request.held_out or ("validation" if "validation" in task.splits else task.default_split)
    return task_data(
        task,
        task.load("train", **asked),
        None if split == "none" else task.load(split, **asked),
        request.absent_answers,
    )


def task_data(task: Task, loaded: Loaded, held_out: Loaded | None, absent: str) -> finetuning.TaskData:
    """Views splits at hand as fine-tuning takes them.

    Args:
        task: The task.
        loaded: The training split.
        held_out: What the best epoch is chosen on; None for no choice.
        absent: What becomes of questions whose answer is not in their context.

    Raises:
        GonerdError: An example has no public answer, or no training example is left.
    """
    aside: Counter[str] = Counter()
    train = list(_settled(map(neutral, _answered(task, loaded.examples)), absent, aside))
    tested = [] if held_out is None else list(_answered(task, held_out.examples))
    if not train:
        raise GonerdError(f"task {task.name!r}: no training example is left ({dict(aside)})")
    return finetuning.TaskData(
        name=task.name,
        version=task.version,
        kind=task.kind,
        labels=_labels(task, loaded.examples, train),
        train=train,
        held_out=[neutral(example) for example in tested],
        score=lambda found: score(task, tested, found),
        metric=f"{task.name} score",
        dataset={
            "dataset": loaded.dataset,
            "held_out_split": None if held_out is None else held_out.dataset,
            "examples_set_aside": {**loaded.tally.set_aside, **aside},
        },
    )


def score(task: Task, examples: Sequence[Any], found: Sequence[Any]) -> float:
    """Scores predictions as the task does: the mean of its headline metrics, 1 being perfect."""
    with needs_extra("evaluation"):
        from .scoring import match, numbers

        gold = {example.id: (example.document, task.gold(example)) for example in examples}
        guesses = {e.id: task.guess(e, one) for e, one in zip(examples, found, strict=True)}
        return numbers(task, match(task, gold, guesses))[0]


def neutral(example: Any) -> Any:
    """Views an example of a task as a record of fine-tuning."""
    if isinstance(example, TextExample):
        return finetuning.ClassificationExample(example.id, example.text, example.pair, example.gold)
    if isinstance(example, TaggedExample):
        return finetuning.TagExample(example.id, example.text, example.words, example.spans)
    assert isinstance(example, QuestionExample)
    choice = example.answers[0] if len(set(example.answers)) == 1 and set(example.starts) == {-1} else None
    if choice in CHOICES:
        return finetuning.QuestionExample(example.id, example.question, example.context, choice=choice)
    return finetuning.QuestionExample(example.id, example.question, example.context, example.answers, example.starts)


def _answered(task: Task, examples: Iterable[Any]) -> Iterable[Any]:
    for example in examples:
        if task.gold(example) is None:
            raise GonerdError(
                f"task {task.name!r}: example {example.id!r} has no public answer; name as --held-out a split "
                "that has, or none"
            )
        yield example


def _settled(examples: Iterable[Any], absent: str, aside: Counter[str]) -> Iterable[Any]:
    """Passes on examples; questions whose answer is not in their context are set aside or get none, if so wished."""
    for example in examples:
        lost = (
            absent != "refuse"
            and isinstance(example, finetuning.QuestionExample)
            and example.answers
            and not places_of(example)
        )
        if lost and absent == "set-aside":
            aside["answer not in its context"] += 1
        else:
            yield replace(example, answers=(), starts=()) if lost else example


def _labels(task: Task, examples: Sequence[Any], train: Sequence[Any]) -> tuple[str, ...]:
    """Returns the classes of the head, the tags, or the choices that questions have."""
    if task.kind == "token-classification":
        types = task.labels or tuple(entity_types(examples))
        return ("O", *(f"{prefix}-{label}" for label in types for prefix in "BI"))
    if task.kind != "question-answering":
        return task.labels
    used = {example.choice for example in train}
    none = any(example.choice is None and not example.answers for example in train)
    return (*(choice for choice in CHOICES if choice in used), *([""] if none else []))
