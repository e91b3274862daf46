"""JSONL: one document a line, with character spans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from gonerd.records import Annotation, Document

from . import FORMATS


@FORMATS.register("jsonl")
def write(pairs: Iterable[tuple[Document, Annotation]]) -> Iterator[str]:
    """Yields lines with `id`, `text` and `spans` of `start`, `end`, `label` (code points, half-open)."""
    for document, annotation in pairs:
        spans = [{"start": span.start, "end": span.end, "label": span.label} for span in annotation.spans]
        yield json.dumps({"id": document.id, "text": document.text, "spans": spans}, ensure_ascii=False) + "\n"
