"""JSONL: one document a line, with character spans. The format that loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.jsonl import read_jsonl
from gonerd.records import Annotation, Document, Rejected, Span

from . import FORMATS
from ._fit import Reading
from ._marks import Marked, marks_from, text_or_none


class Jsonl:
    """Lines with `id`, `text`, `text_sha256`, `guideline_version` and `spans` of `start`, `end`, `label`, `text`.

    Offsets are code points, half-open; `text` is what stands there, so that a shift is seen; `score` and `provenance`
    follow where a span has them.
    """

    suffix = ".jsonl"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one line a document."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                row = {
                    "id": document.id,
                    "text": document.text,
                    "text_sha256": document.sha256,
                    "guideline_version": annotation.guideline_version,
                    "spans": [_row(document.text, span) for span in annotation.spans],
                }
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        return count

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads lines with `id`, `spans`, and `text` or `text_sha256`; a span may state its `text`."""
        for where, row in read_jsonl(path, {"id": str}):
            text, sha256 = (text_or_none(row.get(name), name, where) for name in ("text", "text_sha256"))
            if text is None and sha256 is None:
                raise GonerdError(f"{where}: field 'text_sha256' must be a string; mend the line")
            version = text_or_none(row.get("guideline_version"), "guideline_version", where) or ""
            marks = marks_from(row.get("spans"), where)
            yield reading.fit(Marked(where, row["id"], text, sha256, marks, guideline_version=version))


def _row(text: str, span: Span) -> dict[str, Any]:
    row = {"start": span.start, "end": span.end, "label": span.label, "text": text[span.start : span.end]}
    return row | {name: value for name in ("score", "provenance") if (value := getattr(span, name)) is not None}


FORMATS.register("jsonl")(Jsonl())
