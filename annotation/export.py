"""Writing an annotation layer out for other tools."""

from __future__ import annotations

from pathlib import Path

from gonerd.files import new_file, new_folder
from gonerd.formats import FORMATS
from gonerd.io import pair
from gonerd.progress import track

from .marker import check_complete


def export_layer(layer: Path, documents: Path, out: Path, format: str = "jsonl") -> int:
    """Writes a layer with its documents into one file, or one folder where the format is one.

    Args:
        layer: Folder of the annotation layer.
        documents: The annotated documents, as given to `annotate_documents`.
        out: The file (or folder) to write; it appears whole or not at all.
        format: A registered format.

    Returns:
        The number of documents written.

    Raises:
        UsageError: The format is unknown.
        GonerdError: The layer is unfinished, or it does not fit the documents.
    """
    writer = FORMATS.get(format)
    expected = int(check_complete(layer)["documents"])
    with (new_folder if writer.folder else new_file)(out) as temporary:
        return writer.write(track(pair(documents, layer), "export", total=expected), temporary)
