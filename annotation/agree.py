"""How far two layers agree over the documents that both annotate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonerd.agreement import Agreement
from gonerd.errors import GonerdError
from gonerd.io import LayerReader, read_documents
from gonerd.progress import track

from .panel import Panel


def agree(first: Path, second: Path, documents: Path) -> Agreement:
    """Counts the agreement of two layers.

    Args:
        first: Layer of one annotator.
        second: Layer of the other.
        documents: The annotated documents.

    Returns:
        The counts; `Agreement.measure` turns them into scores.

    Raises:
        GonerdError: No document is in both layers, or a layer does not fit the documents.
    """
    agreement = Agreement()
    readers = LayerReader(first), LayerReader(second)
    for document in track(read_documents(documents), "agree"):
        a, b = (reader.take(document) for reader in readers)
        if a is not None and b is not None:
            agreement.add(document.text, a.spans, b.spans)
    for reader in readers:
        reader.finish(documents)
    if not agreement.documents:
        raise GonerdError(f"{first} and {second}: no document of {documents} is in both layers")
    return agreement


def agree_all(layers: Sequence[Path], documents: Path) -> Panel:
    """Counts the agreement of any number of layers, token by token.

    Args:
        layers: Layers of the annotators.
        documents: The annotated documents.

    Returns:
        The counts; `Panel.measure` turns them into scores.

    Raises:
        GonerdError: A layer does not fit the documents.
    """
    panel = Panel()
    readers = [LayerReader(layer) for layer in layers]
    for document in track(read_documents(documents), "agree"):
        found = [reader.take(document) for reader in readers]
        panel.add(document.text, [None if a is None else a.spans for a in found])
    for reader in readers:
        reader.finish(documents)
    return panel
