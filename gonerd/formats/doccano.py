"""doccano's JSONL for sequence labelling: `text` and `label`, a list of [start, end, label].

doccano counts as its front end does, in UTF-16 code units (github.com/doccano/doccano, issue 2290), or in grapheme
clusters in a project with that option; it states no texts, so that a shift shows in the borders alone. Columns that it
does not know come back with an export.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.jsonl import read_jsonl
from gonerd.offsets import UTF16, Ruler
from gonerd.records import Annotation, Document, Rejected

from . import FORMATS
from ._fit import Reading
from ._marks import Mark, Marked, marks_from, text_or_none


class Doccano:
    """Lines with `text`, `label`, and our own `document_id` and `text_sha256` (`id` is doccano's)."""

    suffix = ".jsonl"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one line a document, offsets in UTF-16 code units."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for document, annotation in pairs:
                ruler = Ruler(document.text, UTF16)
                label = [[ruler.unit(s.start), ruler.unit(s.end), s.label] for s in annotation.spans]
                own = {"document_id": document.id, "text_sha256": document.sha256}
                handle.write(json.dumps({"text": document.text, "label": label, **own}, ensure_ascii=False) + "\n")
                count += 1
        return count

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads an export, with `label` or, of a project with relations, `entities`."""
        for where, row in read_jsonl(path, {"text": str}):
            ident, sha256 = (text_or_none(row.get(name), name, where) for name in ("document_id", "text_sha256"))
            yield reading.fit(Marked(where, ident, row["text"], sha256, _marks(row, where), units=(UTF16,)))


def _marks(row: dict[str, Any], where: str) -> tuple[Mark, ...]:
    if "entities" in row:
        return marks_from(row["entities"], where, ("start_offset", "end_offset", "label"))
    values = row.get("label", row.get("labels"))
    if not isinstance(values, list) or not all(isinstance(value, list) and len(value) == 3 for value in values):
        raise GonerdError(
            f"{where}: field 'label' must be a list of [start, end, label]; export a sequence labelling project"
        )
    return marks_from([dict(zip(("start", "end", "label"), value, strict=True)) for value in values], where)


FORMATS.register("doccano")(Doccano())
