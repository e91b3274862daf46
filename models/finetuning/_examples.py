"""What fine-tuning is fed with: neutral records, which know nothing of where a dataset lies or how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gonerd.records import Span


@dataclass(frozen=True, slots=True)
class ClassificationExample:
    """A text, or a pair of texts, of any length, with a class or a number.

    Attributes:
        id: Identifier within the split.
        text: The text, or the first of the pair.
        second: The second text; None where there is none.
        label: Index of the class, or the number; None where it is not known.
    """

    id: str
    text: str
    second: str | None
    label: int | float | None


@dataclass(frozen=True, slots=True)
class TagExample:
    """A text of any length with its words and gold spans.

    Attributes:
        id: Identifier within the split.
        text: The whole text.
        words: (start, end) of each word in `text`; spans begin and end with words.
        spans: Non-overlapping gold spans.
    """

    id: str
    text: str
    words: tuple[tuple[int, int], ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """A question about a context of any length.

    Attributes:
        id: Identifier within the split.
        question: The question.
        context: The text to answer from, whole.
        answers: Accepted answers that stand in the context; empty where it holds none.
        starts: First character of each answer, -1 where it is to be looked for.
        choice: The answer where it is one of a few fixed words, for instance "yes"; None elsewhere.
    """

    id: str
    question: str
    context: str
    answers: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    choice: str | None = None


@dataclass(frozen=True)
class Answer:
    """A predicted answer.

    Attributes:
        text: The answer as it stands in the context, or a choice; empty where the context holds none.
        start: Its first character in the context, -1 for a choice and for none.
        score: Log odds of the answer against there being none, in the window it was read from.
    """

    text: str
    start: int
    score: float


@dataclass(frozen=True)
class TaskData:
    """A task as fine-tuning sees it.

    Attributes:
        name: Name of the task.
        version: Changes whenever scores would.
        kind: Name of the kind of task (`gonerd.models.finetuning.KINDS`).
        labels: Classes in the order of the head's: names of classes, BIO tags, or the choices
            that questions have, an empty one where there may be no answer.
        train: Training examples.
        held_out: Examples that the best epoch is chosen on; may be empty.
        score: From predictions of `held_out`, in order, to a number, the higher the better.
        metric: Name of that number.
        dataset: What is known of the data, for the note beside the weights.
    """

    name: str
    version: str
    kind: str
    labels: tuple[str, ...]
    train: Sequence[Any]
    held_out: Sequence[Any]
    score: Callable[[Sequence[Any]], float]
    metric: str
    dataset: dict[str, Any] = field(default_factory=dict)
