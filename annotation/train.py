"""Learning from review: a pipeline fitted on reviewed layers, on a CPU."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import new_folder
from gonerd.io import LayerReader, read_documents

from .learners import LEARNERS, TrainSettings, TrainSummary
from .select_rules import Reviewed

__all__ = ["TrainSettings", "TrainSummary", "split", "train"]


def train(documents: Path, layers: Sequence[Path], out: Path, settings: TrainSettings | None = None) -> TrainSummary:
    """Learns from the documents that a reviewed layer annotates and writes a spaCy pipeline, all of it or nothing.

    Args:
        documents: The annotated documents.
        layers: Reviewed layers; a document that several annotate counts with the first.
        out: Folder of the pipeline, for `annotate run --pipeline`.
        settings: How.

    Returns:
        Counts and validation scores.

    Raises:
        GonerdError: No document is annotated, too few to hold any out, or the base cannot be loaded.
        UsageError: A setting is out of range.
    """
    settings = settings or TrainSettings()
    settings.check()
    training, validation = split(list(_reviewed(documents, layers)), settings)
    with new_folder(out) as folder:
        return LEARNERS.get(settings.kind)(training, validation, folder, out, settings)


def _reviewed(documents: Path, layers: Sequence[Path]) -> Iterator[Reviewed]:
    readers = [LayerReader(layer) for layer in layers]
    count = 0
    for document in read_documents(documents):
        found = [annotation for reader in readers if (annotation := reader.take(document)) is not None]
        if found:
            count += 1
            yield document.text, found[0].spans
    for reader in readers:
        reader.finish(documents)
    if not count:
        raise GonerdError(f"{documents}: none of its documents is annotated in {', '.join(map(str, layers))}")


def split(reviewed: Sequence[Reviewed], settings: TrainSettings) -> tuple[list[Reviewed], list[Reviewed]]:
    """Parts documents, shuffled, into those to learn from and those held out.

    Raises:
        GonerdError: There are fewer than two documents.
    """
    if len(reviewed) < 2:
        raise GonerdError(f"{len(reviewed)} reviewed document: at least 2 are needed, one of them held out")
    order = list(reviewed)
    random.Random(settings.seed).shuffle(order)
    held = max(1, round(len(order) * settings.validation))
    return order[held:], order[:held]
