"""Kinds of learning from review, one file each, found by themselves: `gonerd annotate train --kind NAME`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd import __version__
from gonerd.annotation.loading import DEFAULT
from gonerd.annotation.select_rules import Reviewed
from gonerd.errors import UsageError, unknown_name
from gonerd.registry import Registry


@dataclass(frozen=True)
class TrainSettings:
    """How a pipeline learns from review.

    Attributes:
        kind: "recogniser" fits a spaCy recogniser; "reader" leaves the base as it is and fits a second reader of what
            it, the rules and consistency make of a document, which takes seconds and needs fewer documents; "encoder"
            fits such a reader with a pretrained encoder under it, the best of them, in minutes.
        base: spaCy pipeline whose recogniser's embedding layers are the start, "blank" for random ones; for a reader
            of either kind, the pipeline whose drafts it reads.
        validation: Share of the documents that early stopping and the choice of rules look at.
        epochs: Most passes over the training documents; as many as the kind has shown to need when None.
        patience: Passes without a better validation score before a recogniser stops.
        dropout: Share of a recogniser's activations left out while fitting.
        learning_rate: Adam's, of a recogniser.
        seed: Of the split, the order and the dropout.
        encoder: Folder or hub id of the encoder under a reader, or the folder of a pipeline with such a reader, to go
            on from what that has learned.
        fits: Fits of the encoder's reader with other seeds, of which the mean of the weights is kept; three where
            there is little to learn from, else one, when None.
    """

    kind: str = "recogniser"
    base: str = DEFAULT
    validation: float = 0.1
    epochs: int | None = None
    patience: int = 3
    dropout: float = 0.2
    learning_rate: float = 1e-3
    seed: int = 0
    encoder: str = "sentence-transformers/all-MiniLM-L6-v2"
    fits: int | None = None

    def check(self) -> None:
        """Refuses settings that cannot work.

        Raises:
            UsageError: A setting is out of range; the message names its option.
        """
        if self.kind not in LEARNERS.names():
            raise unknown_name("kind", self.kind, LEARNERS.names())
        if not 0 < self.validation < 1:
            raise UsageError(f"--validation {self.validation}: give a share between 0 and 1")
        for name in ("epochs", "patience", "fits"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"--{name} {value}: give at least 1")


@dataclass(frozen=True)
class TrainSummary:
    """What came of it.

    Attributes:
        documents: Training documents.
        validation_documents: Documents held out.
        spans: Spans learned from.
        misaligned: Spans that begin or end inside a token and so could not be learned from.
        epochs: Passes made.
        f1: Exact-span micro F1 on the held-out documents, by pass, without rules; of a reader, that of the draft.
        f1_with_rules: The same of the best pass with the chosen rules; of a reader, after it has read.
        rules: Rules that raise it, which `annotate run` uses with this pipeline.
    """

    documents: int
    validation_documents: int
    spans: int
    misaligned: int
    epochs: int
    f1: list[float]
    f1_with_rules: float
    rules: list[str]


# (training, validation, folder to write the pipeline into, its final name, settings)
Learner = Callable[[Sequence[Reviewed], Sequence[Reviewed], Path, Path, TrainSettings], TrainSummary]
LEARNERS: Registry[Learner] = Registry("kind", "gonerd.annotation.learners")


def name_after(nlp: Any, out: Path) -> None:
    """Names a pipeline after its folder, so that its name and version become the provenance of what it finds."""
    nlp.meta["name"] = out.name.replace("-", "_") or "reviewed"
    nlp.meta["version"] = __version__
