"""Every disagreement of two layers by type, as a file that can be filled in and adjudicated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gonerd.files import new_file
from gonerd.io import LayerReader, read_documents

from .adjudicate import dispute_line
from .disputes import disputes


def list_disagreements(first: Path, second: Path, documents: Path, out: Path) -> Counter[str]:
    """Writes the disagreements, one a line: document, stretch, kind, context, what each layer has there.

    Args:
        first: Layer of one annotator.
        second: Layer of the other.
        documents: The annotated documents.
        out: JSONL file; with `spans` and `reason` filled in, its lines are decisions for `adjudicate`.

    Returns:
        Disagreements by kind: "boundary", "label", "boundary and label", "missing".

    Raises:
        GonerdError: A layer does not fit the documents.
    """
    readers = LayerReader(first), LayerReader(second)
    kinds: Counter[str] = Counter()
    with new_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        for document in read_documents(documents):
            a, b = (reader.take(document) for reader in readers)
            if a is None or b is None:
                continue
            for dispute in disputes(a.spans, b.spans):
                kinds[dispute.kind] += 1
                handle.write(dispute_line(document, dispute, (a.layer, b.layer)) + "\n")
        for reader in readers:
            reader.finish(documents)
    return kinds
