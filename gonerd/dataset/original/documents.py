"""From the rows of a tagged file to rows of the config `documents`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.records import DOMAINS
from gonerd.text import text_sha256

from .tagged import Row, read_tagged
from .tags import TagReader

_SOURCES = ("source", "publisher")
_URLS = ("url", "link")
_TITLES = ("title", "headline")
_DATES = ("published", "date")
_LANGUAGES = ("language", "lang")


def documents(path: Path, split: str, source: str, reader: TagReader) -> Iterator[dict[str, Any]]:
    """Reads a file lazily; neighbouring rows with one id are the sentences of one document.

    What has no tokens is no document and is left out.

    Args:
        path: A JSONL file.
        split: Its split, for the ids of documents that have none: original-SPLIT-0, and so on.
        source: What a document that names no source comes from.
        reader: How to read its tags.

    Yields:
        One row a document.

    Raises:
        GonerdError: A line cannot be understood, or a document comes in two places.
    """
    seen: set[str] = set()
    filled = (row for row in read_tagged(path, reader) if any(tokens for tokens, _ in row.sentences))
    for number, (_, group) in enumerate(groupby(filled, key=lambda row: row.id or row.where)):
        rows = list(group)
        name = rows[0].id or f"original-{split}-{number}"
        if name in seen:
            raise GonerdError(f"{rows[0].where}: document {name!r} has been before; put its lines next to each other")
        seen.add(name)
        yield _document(name, source, rows)


def _document(name: str, source: str, rows: list[Row]) -> dict[str, Any]:
    text = ""
    starts: list[int] = []
    sentence_starts: list[int] = []
    for row in rows:
        words = [token for sentence, _ in row.sentences for token in sentence]
        piece, offsets = _place(row.text, words)
        shift = len(text) + 1 if text else 0
        text = f"{text} {piece}" if text else piece
        firsts = accumulate((len(sentence) for sentence, _ in row.sentences[:-1]), initial=0)
        sentence_starts += [shift + offsets[i] for i, (s, _) in zip(firsts, row.sentences, strict=True) if s]
        starts += [shift + offset for offset in offsets]
    tokens = [token for row in rows for sentence, _ in row.sentences for token in sentence]
    tags = [tag for row in rows for _, bio in row.sentences for tag in bio]
    offsets_of = [(start, start + len(token)) for start, token in zip(starts, tokens, strict=True)]
    spans = tags_to_spans(tags, offsets_of)
    domain = str(rows[0].values.get("domain")).lower()
    digest = text_sha256(text)
    return {
        "id": name,
        "domain": domain if domain in DOMAINS else "other",
        "source": _stated(rows[0], _SOURCES) or source,
        "url": _stated(rows[0], _URLS),
        "title": _stated(rows[0], _TITLES),
        "published": _day(_stated(rows[0], _DATES)),
        "license": "unknown",
        "license_evidence": None,
        "language": _code(_stated(rows[0], _LANGUAGES)),
        "source_sha256": digest,
        "text_sha256": digest,
        "text": text,
        "tokens": tokens,
        "token_starts": starts,
        "ner_tags": [BIO_TAGS.index(tag) for tag in tags],
        # One sentence is as good as no knowledge of sentences: it begins where the text does.
        "sentence_starts": sentence_starts if len(sentence_starts) > 1 else [0],
        "spans": [{"start": span.start, "end": span.end, "label": span.label} for span in spans],
    }


def _place(text: str | None, tokens: Sequence[str]) -> tuple[str, list[int]]:
    """Finds the tokens in their text; where they are not all that it holds, makes a text of them."""
    if text is not None and (found := _find(text, tokens)) is not None:
        return text, found
    return " ".join(tokens), list(accumulate((len(token) + 1 for token in tokens[:-1]), initial=0))


def _find(text: str, tokens: Sequence[str]) -> list[int] | None:
    starts, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            return None
        starts.append(start)
        end = start + len(token)
    return None if text[end:].strip() else starts


def _stated(row: Row, names: Sequence[str]) -> str | None:
    return next((value for name in names if isinstance(value := row.values.get(name), str) and value), None)


def _day(stated: str | None) -> str | None:
    try:
        return date.fromisoformat((stated or "")[:10]).isoformat()
    except ValueError:
        return None


def _code(stated: str | None) -> str | None:
    """Takes the language out of "en", "EN" or "en-GB"; a name such as "English" is no code."""
    found = re.fullmatch(r"([a-z]{2,3})(?:[-_].*)?", (stated or "").strip().lower())
    return found[1] if found else None
