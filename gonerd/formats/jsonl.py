"""JSONL: one document a line, with character spans."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from gonerd.records import Annotation, Document

from . import FORMATS


class Jsonl:
    """Lines with `id`, `text` and `spans` of `start`, `end`, `label` (code points, half-open)."""

    suffix = ".jsonl"

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one line a document."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                spans = [{"start": span.start, "end": span.end, "label": span.label} for span in annotation.spans]
                row = {"id": document.id, "text": document.text, "spans": spans}
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        return count


FORMATS.register("jsonl")(Jsonl())
