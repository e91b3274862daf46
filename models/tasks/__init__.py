"""What a model is trained for, one file a task, found by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gonerd.records import Span
from gonerd.registry import Registry


@dataclass(frozen=True)
class Example:
    """A text with its gold spans.

    Attributes:
        id: Identifier of the document.
        text: The whole text, of any length.
        spans: Non-overlapping gold spans.
    """

    id: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class SpanTask:
    """Finding labelled spans in long texts.

    Attributes:
        name: Name of the task.
        version: Changes whenever scores would.
        tags: BIO tags, in the order of the head's classes.
        load: From (data, split) to examples; `data` is what the task's `--data` takes.
    """

    name: str
    version: str
    tags: tuple[str, ...]
    load: Callable[[str | Path, str], list[Example]]


TASKS: Registry[SpanTask] = Registry("task", "gonerd.models.tasks")
