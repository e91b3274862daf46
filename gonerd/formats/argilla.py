"""Argilla 2 records as `dataset.records.to_json` writes them, with one span question.

Its server and SDK count code points, its web page UTF-16 code units (github.com/argilla-io/argilla, issue 5729), and
neither states texts. Where the two readings of a text differ, the one whose borders fall between words is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.offsets import CODE_POINT, UTF16
from gonerd.records import Annotation, Document, Rejected

from . import FORMATS
from ._fit import Reading
from ._json import read_list, write_list
from ._marks import Marked, marks_from, text_or_none

FIELD, QUESTION = "text", "spans"


class Argilla:
    """Records with the text in field `text` and suggestions to question `spans`; ids are the documents'."""

    suffix = ".json"
    folder = False

    def write(self, pairs: Iterable[tuple[Document, Annotation]], path: Path) -> int:
        """Writes one record a document."""
        return write_list(path, (_record(document, annotation) for document, annotation in pairs))

    def read(self, path: Path, reading: Reading) -> Iterator[Annotation | Rejected]:
        """Reads the responses of an export, or the suggestions of records that nobody has seen."""
        records = list(read_list(path, "Argilla export"))
        exported = any(item.get("responses") for _, item in records)
        for where, item in records:
            yield _read(item, where, reading, exported)


def _record(document: Document, annotation: Annotation) -> dict[str, Any]:
    scores = [span.score for span in annotation.spans]
    suggestion = {
        "value": [{"start": s.start, "end": s.end, "label": s.label} for s in annotation.spans],
        "score": scores if scores and all(score is not None for score in scores) else None,
        "agent": annotation.layer or None,
    }
    return {
        "id": document.id,
        "fields": {FIELD: document.text},
        "metadata": {"text_sha256": document.sha256},
        "suggestions": {QUESTION: suggestion},
        "responses": {},
        "vectors": {},
        "status": "pending",
    }


def _read(item: dict[str, Any], where: str, reading: Reading, exported: bool) -> Annotation | Rejected:
    fields, metadata = item.get("fields"), item.get("metadata") or {}
    if not isinstance(fields, dict) or not isinstance(fields.get(FIELD), str) or not isinstance(metadata, dict):
        raise GonerdError(f"{where}: field 'fields' lacks {FIELD!r}; export the dataset that these documents went into")
    ident, text = text_or_none(item.get("id"), "id", where), fields[FIELD]
    sha256 = text_or_none(metadata.get("text_sha256"), "text_sha256", where)
    given = _responses(item, where, reading) if exported else _suggestions(item)
    if not given:
        document = reading.find(Marked(where, ident, text, sha256, ()))
        return Rejected(document.id, "not annotated", where, "import")
    if len(given) > 1:
        people = ", ".join(sorted(who for who, _ in given))
        raise GonerdError(
            f"{where}: has {len(given)} responses (by {people}), and a layer holds one; name whose with --annotator"
        )
    marks = marks_from(given[0][1], where)
    if exported:
        marks = tuple(dataclasses.replace(mark, provenance=f"argilla:{given[0][0]}") for mark in marks)
    units = (UTF16, CODE_POINT) if exported else (CODE_POINT,)
    return reading.fit(Marked(where, ident, text, sha256, marks, units=units))


def _responses(item: dict[str, Any], where: str, reading: Reading) -> list[tuple[str, Any]]:
    responses = item.get("responses") or {}
    given = responses.get(QUESTION) or [] if isinstance(responses, dict) else [None]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise GonerdError(f"{where}: field 'responses' is malformed; export again with `dataset.records.to_json`")
    submitted = [one for one in given if one.get("status", "submitted") == "submitted"]
    if reading.annotator is not None:
        submitted = [one for one in submitted if str(one.get("user_id")) == reading.annotator]
    return [(str(one.get("user_id")), one.get("value")) for one in submitted]


def _suggestions(item: dict[str, Any]) -> list[tuple[str, Any]]:
    suggestion = (item.get("suggestions") or {}).get(QUESTION)
    if suggestion is None:
        return []
    values, scores = suggestion.get("value"), suggestion.get("score")
    if isinstance(scores, list) and isinstance(values, list) and len(scores) == len(values):
        values = [value | {"score": score} for value, score in zip(values, scores, strict=True)]
    return [(str(suggestion.get("agent")), values)]


FORMATS.register("argilla")(Argilla())
