"""How a document with its annotation becomes rows of each config."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.labels import BIO_TAGS, spans_to_tags
from gonerd.records import Annotation, Decision, Document, Span
from gonerd.tokens import tokenize

from .sentences import sentence_ranges, sentence_starts

_TAG = {tag: i for i, tag in enumerate(BIO_TAGS)}


@dataclass(frozen=True)
class View:
    """A document seen as words and sentences; every view follows from text and spans alone.

    Attributes:
        document: The document, with the text that is released.
        spans: Its gold spans, in order.
        source_sha256: Hash of the text as it was extracted, before masking.
        tokens: (start, end) of every token; tokens break at every span border.
        tags: BIO tag of every token, as a class number.
        starts: Where sentences begin.
    """

    document: Document
    spans: tuple[Span, ...]
    source_sha256: str
    tokens: list[tuple[int, int]]
    tags: list[int]
    starts: list[int]

    @classmethod
    def of(cls, document: Document, spans: Iterable[Span], source_sha256: str | None = None) -> View:
        """Computes the view of a document.

        Args:
            document: The document.
            spans: Its checked, non-overlapping spans.
            source_sha256: Hash before masking; that of the document when None.
        """
        ordered = tuple(sorted(spans, key=lambda span: span.key))
        tokens = tokenize(document.text, ordered)
        tags = [_TAG[tag] for tag in spans_to_tags(ordered, tokens)]
        starts = sentence_starts(document.text, ordered, document.language or "en")
        return cls(document, ordered, source_sha256 or document.sha256, tokens, tags, starts)


def document_row(view: View, *, withheld: bool = False) -> dict[str, Any]:
    """Builds the row of `documents`.

    Args:
        view: The document.
        withheld: Leave out everything that could give the text back; offsets and hashes stay.
    """
    document = view.document
    text = document.text
    return {
        "id": document.id,
        "domain": document.domain,
        "source": document.source,
        "url": document.url,
        "title": None if withheld else document.title,
        "published": document.published.isoformat() if document.published else None,
        "license": document.license,
        "license_evidence": document.license_evidence,
        "language": document.language,
        # Beside a masked text the hash of the unmasked one would give away what was masked, number by number.
        "source_sha256": view.source_sha256 if withheld or view.source_sha256 == document.sha256 else None,
        "text_sha256": document.sha256,
        "text": None if withheld else text,
        "tokens": [] if withheld else [text[start:end] for start, end in view.tokens],
        "token_starts": [] if withheld else [start for start, _ in view.tokens],
        "ner_tags": [] if withheld else view.tags,
        "sentence_starts": [] if withheld else view.starts,
        "spans": _spans(view.spans),
    }


def sentence_rows(view: View) -> Iterator[dict[str, Any]]:
    """Yields the rows of `sentences`; offsets inside a sentence count from its beginning."""
    text, document = view.document.text, view.document
    token = span = 0
    for index, (start, end) in enumerate(sentence_ranges(text, view.starts)):
        first_token, first_span = token, span
        while token < len(view.tokens) and view.tokens[token][1] <= end:
            token += 1
        while span < len(view.spans) and view.spans[span].end <= end:
            span += 1
        tokens = view.tokens[first_token:token]
        yield {
            "id": f"{document.id}:{index}",
            "document_id": document.id,
            "domain": document.domain,
            "index": index,
            "start": start,
            "end": end,
            "text": text[start:end],
            "tokens": [text[a:b] for a, b in tokens],
            "token_starts": [a - start for a, _ in tokens],
            "ner_tags": view.tags[first_token:token],
            "spans": _spans(view.spans[first_span:span], start),
        }


def span_rows(view: View, *, withheld: bool = False) -> Iterator[dict[str, Any]]:
    """Yields the rows of `spans`; `sentence` counts in the document, and the tokens are first and last."""
    document = view.document
    token_starts = [start for start, _ in view.tokens]
    for span in view.spans:
        yield {
            "id": f"{document.id}:{span.start}-{span.end}",
            "document_id": document.id,
            "domain": document.domain,
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "text": None if withheld else document.text[span.start : span.end],
            "sentence": bisect_right(view.starts, span.start) - 1,
            "first_token": bisect_right(token_starts, span.start) - 1,
            "last_token": bisect_right(token_starts, span.end - 1) - 1,
        }


def annotator_row(annotation: Annotation, text_sha256: str) -> dict[str, Any]:
    """Builds the row of `annotators`.

    Args:
        annotation: What one annotator marked.
        text_sha256: Hash of the released text, over which the offsets hold all the same.
    """
    return {
        "document_id": annotation.doc_id,
        "annotator": annotation.layer,
        "guideline_version": annotation.guideline_version,
        "text_sha256": text_sha256,
        "spans": _spans(sorted(annotation.spans, key=lambda span: span.key)),
    }


def decision_row(decision: Decision, text: str | None) -> dict[str, Any]:
    """Builds the row of `adjudication`.

    Args:
        decision: The decision.
        text: The released text; None when it is withheld, and with it everything that quotes it.
    """
    quoting = {"marked": decision.marked, "decision": decision.decision, "reason": decision.reason}
    return {
        "document_id": decision.doc_id,
        "kind": decision.kind,
        "start": decision.start,
        "end": decision.end,
        "text": None if text is None else text[decision.start : decision.end],
        **(dict.fromkeys(quoting) if text is None else quoting),
    }


def _spans(spans: Sequence[Span], shift: int = 0) -> list[dict[str, Any]]:
    return [{"start": span.start - shift, "end": span.end - shift, "label": span.label} for span in spans]
