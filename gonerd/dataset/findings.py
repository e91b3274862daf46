"""What a check finds in the rows of one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gonerd.errors import GonerdError
from gonerd.labels import BIO_TAGS, mentions
from gonerd.records import Annotation, Document, Span
from gonerd.text import check_normalized, text_sha256

from .rows import View, sentence_rows, span_rows

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, or worth a look.

    Attributes:
        severity: "error" or "warning".
        check: Short name of the check.
        where: File, document, row.
        message: What is wrong.
    """

    severity: str
    check: str
    where: str
    message: str


def check_document(row: dict[str, Any], where: str) -> Iterator[Finding]:
    """Checks one row of `documents` against itself.

    Args:
        row: The row.
        where: What to call it.

    Yields:
        Errors of offsets, overlaps, labels, tags and hashes; warnings of names labelled in two ways.
    """
    spans, text = row["spans"], row["text"]
    if text is None:
        yield from _withheld(row, where)
        return
    if not text.strip():
        yield Finding(ERROR, "empty-document", where, "the text is empty")
    try:
        check_normalized(text, where)
        document = Document(row["id"], text)
        made = tuple(Span(span["start"], span["end"], span["label"]) for span in spans)
        Annotation(row["id"], "gold", "", document.sha256, made).check(document)
    except GonerdError as error:
        yield Finding(ERROR, "spans", where, str(error))
        return
    if row["text_sha256"] != text_sha256(text):
        yield Finding(ERROR, "hash", where, "field 'text_sha256' is not the hash of the text")
    yield from _tokens(row, View.of(document, made), where)
    yield from _labels(text, made, where)


def _withheld(row: dict[str, Any], where: str) -> Iterator[Finding]:
    for name in ("title", "tokens", "token_starts", "ner_tags", "sentence_starts"):
        if row[name]:
            yield Finding(ERROR, "withheld", where, f"field {name!r} is filled though the text is left out")
    if not row["url"]:
        yield Finding(ERROR, "withheld", where, "neither text nor url: the document cannot be found again")


def _tokens(row: dict[str, Any], view: View, where: str) -> Iterator[Finding]:
    tokens, starts, tags = row["tokens"], row["token_starts"], row["ner_tags"]
    if not len(tokens) == len(starts) == len(tags):
        yield Finding(ERROR, "tokens", where, f"{len(tokens)} tokens, {len(starts)} starts, {len(tags)} tags")
        return
    for i, (token, start) in enumerate(zip(tokens, starts, strict=True)):
        if row["text"][start : start + len(token)] != token:
            yield Finding(ERROR, "tokens", where, f"token {i} {token!r} does not stand at {start}")
            return
    decoded = [
        (starts[first], starts[last - 1] + len(tokens[last - 1]), label)
        for first, last, label in mentions([BIO_TAGS[tag] for tag in tags])
    ]
    if decoded != [span.key for span in view.spans]:
        yield Finding(ERROR, "tags", where, "field 'ner_tags' does not decode to 'spans'")
    if row["sentence_starts"] != sorted({*row["sentence_starts"]} & {start for start, _ in view.tokens}):
        yield Finding(ERROR, "sentences", where, "field 'sentence_starts' holds a place where no token begins")


def _labels(text: str, spans: tuple[Span, ...], where: str) -> Iterator[Finding]:
    labels: dict[str, dict[str, int]] = defaultdict(dict)
    for span in spans:
        labels[text[span.start : span.end]].setdefault(span.label, span.start)
    for surface, found in sorted(labels.items()):
        if len(found) > 1:
            places = ", ".join(f"{label} at {start}" for label, start in sorted(found.items()))
            yield Finding(WARNING, "two-labels", where, f"{surface!r} is {places}; right only if it names two things")


def check_views(row: dict[str, Any], held: dict[str, list[dict[str, Any]]], where: str) -> Iterator[Finding]:
    """Checks that the other configs say of a document what `documents` says.

    Args:
        row: The row of `documents`, itself sound.
        held: The document's rows of "sentences" and "spans".
        where: What to call the document.

    Yields:
        An error for each config that differs.
    """
    document = Document(row["id"], row["text"] or "-", domain=row["domain"])
    spans = tuple(Span(span["start"], span["end"], span["label"]) for span in row["spans"])
    if row["text"] is None:
        keys = [(span["start"], span["end"], span["label"]) for span in held["spans"]]
        if keys != [span.key for span in spans] or any(span["text"] is not None for span in held["spans"]):
            yield Finding(ERROR, "spans-config", where, "config 'spans' differs from 'documents'")
        return
    view = View.of(document, spans)
    for config, expected in (("sentences", sentence_rows(view)), ("spans", span_rows(view))):
        if held[config] != list(expected):
            yield Finding(ERROR, f"{config}-config", where, f"config {config!r} differs from 'documents'")
