"""Tasks that models are scored on, one file each, found by themselves.

A task states where its dataset lies on the hub, at which commit, under which licence, and reads the files of its
original distribution as well. What fine-tuning alone needs is in `gonerd.models.tasks`.
"""

from __future__ import annotations

from gonerd.registry import Registry

from ._examples import Example, QuestionExample, Section, TaggedExample, TextExample
from ._tally import Loaded, Tally
from ._task import KINDS, Hub, Task

TASKS: Registry[Task] = Registry("task", "gonerd.evaluation.tasks")

__all__ = [
    "KINDS",
    "TASKS",
    "Example",
    "Hub",
    "Loaded",
    "QuestionExample",
    "Section",
    "TaggedExample",
    "Tally",
    "Task",
    "TextExample",
]
