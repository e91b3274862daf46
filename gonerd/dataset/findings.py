"""What a check finds in the rows of one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.errors import GonerdError
from gonerd.records import Annotation, Document
from gonerd.text import check_normalized

from .release import document_of, spans_of
from .rights import why_not
from .rows import View, document_row, sentence_rows, span_rows

ERROR, WARNING = "error", "warning"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or worth a look.

    Attributes:
        severity: "error" or "warning".
        check: Short name of the check.
        where: File, row, document.
        message: What is wrong.
    """

    severity: str
    check: str
    where: str
    message: str


def check_document(row: Row, where: str, release: str) -> tuple[View | None, list[Finding]]:
    """Checks one row of `documents`: everything that follows from text and spans is computed anew and compared.

    Args:
        row: The row.
        where: What to call it.
        release: Kind of the release.

    Returns:
        The document's view, None when it has no sound text, and what was found.
    """
    if row["text"] is None:
        return None, list(_withheld(row, where))
    if not row["text"].strip():
        return None, [Finding(ERROR, "empty-document", where, "the text is empty")]
    try:
        document, spans = document_of(row), spans_of(row)
        check_normalized(row["text"], where)
        Annotation(row["id"], "gold", "", document.sha256, spans).check(document)
    except GonerdError as error:
        return None, [Finding(ERROR, "spans", where, str(error))]
    view = View.of(document, spans, row["source_sha256"])
    return view, [*_differences(row, view, where), *_rights(document, where, release), *_labels(view, where)]


def _withheld(row: Row, where: str) -> Iterator[Finding]:
    for name in ("title", "tokens", "token_starts", "ner_tags", "sentence_starts"):
        if row[name]:
            yield Finding(ERROR, "withheld", where, f"field {name!r} is filled though the text is left out")
    for name in ("url", "source_sha256", "text_sha256"):
        if not row[name]:
            yield Finding(
                ERROR, "withheld", where, f"field {name!r} is empty: the text cannot be found and verified again"
            )


_CHECKS = {
    "text_sha256": "hash",
    "source_sha256": "hash",
    "tokens": "tokens",
    "token_starts": "tokens",
    "ner_tags": "tags",
    "sentence_starts": "sentences",
}


def _differences(row: Row, view: View, where: str) -> Iterator[Finding]:
    expected = document_row(view)
    for name, value in expected.items():
        if row[name] != value and not (name == "source_sha256" and row[name] is None):
            yield Finding(
                ERROR, _CHECKS.get(name, "spans"), where, f"field {name!r} does not follow from text and spans"
            )


def _rights(document: Document, where: str, release: str) -> Iterator[Finding]:
    refusal = None if release == "private" else why_not(document)
    if refusal:
        yield Finding(ERROR, "rights", where, f"the text stands in a release of kind {release!r}: {refusal[1]}")


def _labels(view: View, where: str) -> Iterator[Finding]:
    labels: dict[str, dict[str, int]] = defaultdict(dict)
    for span in view.spans:
        labels[view.document.text[span.start : span.end]].setdefault(span.label, span.start)
    for surface, found in sorted(labels.items()):
        if len(found) > 1:
            places = ", ".join(f"{label} at {start}" for label, start in sorted(found.items()))
            yield Finding(WARNING, "two-labels", where, f"{surface!r} is {places}; right only if it names two things")


def check_views(row: Row, view: View | None, held: Mapping[str, Sequence[Row]], where: str) -> Iterator[Finding]:
    """Checks that the other configs say of a document what `documents` says.

    Args:
        row: The sound row of `documents`.
        view: Its view; None when the text is withheld.
        held: The document's rows of every other config.
        where: What to call the document.

    Yields:
        An error for each config that differs.
    """
    if view is None:
        keys = [(span["start"], span["end"], span["label"]) for span in row["spans"]]
        same = [(s["start"], s["end"], s["label"]) for s in held["spans"]] == keys
        expected = {"sentences": not held["sentences"], "spans": same and all(s["text"] is None for s in held["spans"])}
    else:
        views = {"sentences": list(sentence_rows(view)), "spans": list(span_rows(view))}
        expected = {config: held[config] == rows for config, rows in views.items()}
    for config, sound in expected.items():
        if not sound:
            yield Finding(ERROR, f"{config}-config", where, f"config {config!r} differs from 'documents'")
    yield from _annotators(row, view, held["annotators"], where)
    for decision in held["adjudication"]:
        start, end = decision["start"], decision["end"]
        whole = view is None or (0 <= start < end and view.document.text[start:end] == decision["text"])
        if not whole or (view is None and any(decision[name] for name in ("text", "marked", "decision", "reason"))):
            yield Finding(ERROR, "adjudication-config", where, f"decision on {start}..{end} does not fit the document")


def _annotators(row: Row, view: View | None, made: Sequence[Row], where: str) -> Iterator[Finding]:
    check = "annotators-config"
    if not made or made[0]["spans"] != row["spans"]:
        yield Finding(ERROR, check, where, "its first row in 'annotators' is not the gold of 'documents'")
    for annotation in made:
        if annotation["text_sha256"] != row["text_sha256"]:
            yield Finding(ERROR, check, where, f"{annotation['annotator']!r} annotated another text")
        elif view is not None:
            try:
                document = view.document
                Annotation(row["id"], annotation["annotator"], "", document.sha256, spans_of(annotation)).check(
                    document
                )
            except GonerdError as error:
                yield Finding(ERROR, check, where, str(error))
