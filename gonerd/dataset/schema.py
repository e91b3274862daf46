"""The columns of a release's configs. The parquet schemas and the card derive from them."""

from __future__ import annotations

from functools import cache
from typing import Any

from gonerd.errors import unknown_name
from gonerd.labels import BIO_TAGS

MANIFEST = "data/manifest.json"
SPLITS = ("train", "validation", "test")
# What each config holds, one row of it being ...
CONFIGS = {
    "documents": "a document with its gold spans, and the same spans as BIO tags over words",
    "sentences": "a sentence of a document, for models that read sentences",
    "spans": "a gold span with the sentence it stands in",
    "annotators": "what one annotator marked in one document, before and after adjudication",
    "adjudication": "a disagreement of the annotators, the decision and its reason",
}
DEFAULT = "documents"


@cache
def features(config: str = DEFAULT) -> Any:
    """Returns the `datasets.Features` of a config.

    Character spans over `text` (Unicode code points, half-open) are the truth; `tokens`, `token_starts`,
    `ner_tags` and `sentence_starts` are views of them.

    Args:
        config: A name of `CONFIGS`.

    Raises:
        UsageError: There is no such config.
    """
    from datasets import ClassLabel, Features, List, Value

    if config not in CONFIGS:
        raise unknown_name("config", config, CONFIGS)
    text, offset = Value("string"), Value("int32")
    span = {"start": offset, "end": offset, "label": text}
    words = {"tokens": List(text), "token_starts": List(offset), "ner_tags": List(ClassLabel(names=list(BIO_TAGS)))}
    columns: dict[str, dict[str, Any]] = {
        "documents": {
            **dict.fromkeys(("id", "domain", "source", "url", "title", "published", "license"), text),
            "license_evidence": text,
            "language": text,
            "source_sha256": text,
            "text_sha256": text,
            "text": text,
            **words,
            "sentence_starts": List(offset),
            "spans": List(span),
        },
        "sentences": {
            **dict.fromkeys(("id", "document_id", "domain"), text),
            **dict.fromkeys(("index", "start", "end"), offset),
            "text": text,
            **words,
            "spans": List(span),
        },
        "spans": {
            **dict.fromkeys(("id", "document_id", "domain"), text),
            **dict.fromkeys(("start", "end"), offset),
            "label": text,
            "text": text,
            **dict.fromkeys(("sentence", "first_token", "last_token"), offset),
        },
        "annotators": {
            **dict.fromkeys(("document_id", "annotator", "guideline_version", "text_sha256"), text),
            "spans": List(span),
        },
        "adjudication": {
            **dict.fromkeys(("document_id", "kind"), text),
            **dict.fromkeys(("start", "end"), offset),
            **dict.fromkeys(("text", "marked", "decision", "reason"), text),
        },
    }
    return Features(columns[config])


def shard(config: str, split: str, index: int, of: int) -> str:
    """Returns the path of a shard inside a release."""
    return f"data/{config}/{split}-{index:05d}-of-{of:05d}.parquet"
