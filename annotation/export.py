"""Writing an annotation layer out for other tools."""

from __future__ import annotations

from pathlib import Path

from gonerd.files import new_file
from gonerd.io import pair
from gonerd.progress import track

from .formats import FORMATS
from .run import check_complete


def export_layer(layer: Path, documents: Path, out: Path, format: str = "jsonl") -> int:
    """Writes a layer with its documents into one file.

    Args:
        layer: Folder of the annotation layer.
        documents: The annotated documents, as given to `annotate_documents`.
        out: The file to write; it appears whole or not at all.
        format: A registered format.

    Returns:
        The number of documents written.

    Raises:
        UsageError: The format is unknown.
        GonerdError: The layer is unfinished, or it does not fit the documents.
    """
    write = FORMATS.get(format)
    expected = int(check_complete(layer)["documents"])
    pairs = track(pair(documents, layer), "export", total=expected)
    count = 0
    with new_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        for block in write(pairs):
            handle.write(block)
            count += 1
    return count
