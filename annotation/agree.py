"""How far two layers agree over the documents that both annotate."""

from __future__ import annotations

from pathlib import Path

from gonerd.agreement import Agreement
from gonerd.errors import GonerdError
from gonerd.io import LayerReader, read_documents
from gonerd.progress import track


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
