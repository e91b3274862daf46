"""The columns of a release, and how a document with its annotation becomes a row."""

from __future__ import annotations

from functools import cache
from typing import Any

from gonerd.labels import BIO_TAGS, spans_to_tags
from gonerd.records import Annotation, Document
from gonerd.tokens import tokenize

SPLITS = ("train", "validation", "test")


@cache
def features() -> Any:
    """Returns the `datasets.Features` of a release; the parquet schema derives from them.

    Character spans are the truth; `tokens`, `token_starts` and `ner_tags` are a view of them.
    """
    from datasets import ClassLabel, Features, List, Value

    text, offset = Value("string"), Value("int64")
    return Features(
        {
            "id": text,
            "domain": text,
            "source": text,
            "url": text,
            "title": text,
            "published": text,
            "license": text,
            "text_sha256": text,
            "text": text,
            "tokens": List(text),
            "token_starts": List(offset),
            "ner_tags": List(ClassLabel(names=list(BIO_TAGS))),
            "spans": List({"start": offset, "end": offset, "label": text}),
        }
    )


def row(document: Document, annotation: Annotation) -> dict[str, Any]:
    """Builds the row of one document.

    Tokens break at every span border, so that the tags decode to the spans exactly.

    Args:
        document: The document.
        annotation: Its checked annotation.

    Returns:
        Values for every column of `features`.
    """
    spans = sorted(annotation.spans, key=lambda span: span.key)
    tokens = tokenize(document.text, spans)
    index = {tag: i for i, tag in enumerate(BIO_TAGS)}
    return {
        "id": document.id,
        "domain": document.domain,
        "source": document.source,
        "url": document.url,
        "title": document.title,
        "published": document.published.isoformat() if document.published else None,
        "license": document.license,
        "text_sha256": document.sha256,
        "text": document.text,
        "tokens": [document.text[start:end] for start, end in tokens],
        "token_starts": [start for start, _ in tokens],
        "ner_tags": [index[tag] for tag in spans_to_tags(spans, tokens)],
        "spans": [{"start": span.start, "end": span.end, "label": span.label} for span in spans],
    }
