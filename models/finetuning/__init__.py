"""Fine-tuning on texts of any length: one file for each kind of task, one loop for all.

A kind cuts examples into windows, computes the loss and merges what was predicted window by window; `train` knows
nothing of kinds, and kinds know nothing of datasets.
"""

from __future__ import annotations

from gonerd.registry import Registry

from ._examples import Answer, ClassificationExample, QuestionExample, TagExample, TaskData
from ._kind import Kind
from ._pieces import GLOBAL, Piece, Shape

KINDS: Registry[type[Kind]] = Registry("kind of task", "gonerd.models.finetuning")

__all__ = [
    "GLOBAL",
    "KINDS",
    "Answer",
    "ClassificationExample",
    "Kind",
    "Piece",
    "QuestionExample",
    "Shape",
    "TagExample",
    "TaskData",
]
