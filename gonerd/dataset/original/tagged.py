"""JSONL files with one tag a token: which column is which, and what a line holds.

Columns are recognised by name and shape in the first row that has tokens; later rows must have the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.jsonl import read_jsonl
from gonerd.text import normalize

from .tags import TagReader

TOKENS = ("tokens", "words", "token", "word", "text", "sentences", "sentence", "document", "input")
TAGS = ("ner_tags", "ner_labels", "bio_tags", "tags", "labels", "ner", "entities", "ner_tag", "tag", "label", "bio")
TEXTS = ("text", "raw_text", "raw", "content", "document", "sentence")
IDS = ("doc_id", "document_id", "docid", "doc_name", "document_name", "id", "uid", "guid")


@dataclass(frozen=True)
class Columns:
    """Names of the columns that matter."""

    tokens: str
    tags: str
    id: str | None
    text: str | None


@dataclass(frozen=True)
class Row:
    """A line that was understood: a document, or one or more of its sentences.

    Attributes:
        where: File and line.
        id: What the line calls its document, if anything.
        values: The line as it stands.
        text: Its text column in NFC, if it has one.
        sentences: Tokens in NFC and their tags in BIO over the core labels, sentence by sentence.
    """

    where: str
    id: str | None
    values: Mapping[str, Any]
    text: str | None
    sentences: list[tuple[list[str], list[str]]]


def read_tagged(path: Path, tags: TagReader) -> Iterator[Row]:
    """Reads a file lazily.

    Args:
        path: A JSONL file.
        tags: How to read its tags.

    Yields:
        Its rows, in order.

    Raises:
        GonerdError: A line cannot be understood; the message names file, line and field.
    """
    columns: Columns | None = None
    for where, values in _objects(path):
        columns = columns or recognise(values, where)
        if columns is None:
            continue
        for column in (columns.tokens, columns.tags, columns.id):
            if column is not None and column not in values:
                raise GonerdError(f"{where}: field {column!r} is missing, though earlier lines have it; mend the line")
        if columns.id and not _is_name(values[columns.id]):
            raise GonerdError(f"{where}: field {columns.id!r} must be a string or a whole number; mend the line")
        name = str(values[columns.id]) if columns.id else None
        text = values.get(columns.text) if columns.text else None
        sentences = list(_sentences(values, columns, where, tags))
        yield Row(where, name, values, normalize(text) if isinstance(text, str) else None, sentences)


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, values in read_jsonl(path, {}, "tokens and tags"):
        for name, value in values.items():
            try:
                json.dumps([name, value], ensure_ascii=False).encode()
            except UnicodeEncodeError as error:  # no text: parquet, hashes and exports would all fail on it
                raise GonerdError(f"{where}: field {name!r} holds half a surrogate pair; mend the line") from error
        yield where, values


def recognise(values: Mapping[str, Any], where: str) -> Columns | None:
    """Tells by name and shape which columns hold what.

    Args:
        values: A row.
        where: File and line, for the message.

    Returns:
        The columns, or None when the row has no tokens to tell by.

    Raises:
        GonerdError: No two columns can be tokens and their tags.
    """
    by_name = {name.lower().replace("-", "_"): name for name in values}

    def known(names: tuple[str, ...], fits: Callable[[Any], bool]) -> list[str]:
        return [by_name[name] for name in names if name in by_name and fits(values[by_name[name]])]

    # Lists come before strings that would have to be split.
    tokens = sorted(known(TOKENS, _is_cells), key=lambda name: isinstance(values[name], str))
    tags = known(TAGS, _is_cells)
    if not tokens or not tags:
        raise GonerdError(
            f"{where}: no columns of tokens and of tags among {', '.join(map(repr, values)) or 'none'}; "
            f"name them {TOKENS[0]!r} and {TAGS[0]!r}"
        )
    fitting = [(a, b) for a in tokens for b in tags if len(_flat(values[a])) == len(_flat(values[b]))]
    if not fitting:
        raise _uneven(values, tokens[0], tags[0], where)
    chosen = fitting[0][0]
    if not _flat(values[chosen]):
        return None
    ids, texts = known(IDS, _is_name), known(TEXTS, lambda value: isinstance(value, str))
    tag_column = _entity_tags([b for a, b in fitting if a == chosen], values, where)
    return Columns(chosen, tag_column, next(iter(ids), None), next(iter(texts), None))


def _entity_tags(names: list[str], values: Mapping[str, Any], where: str) -> str:
    """Chooses among columns with a tag a token: named for entities first, then written rather than numbered."""

    def rank(name: str) -> tuple[bool, bool]:
        return "ner" not in name.lower(), not all(isinstance(tag, str) for tag in _flat(values[name]))

    best, *others = sorted(names, key=rank)
    if others and rank(best) == rank(others[0]):
        raise GonerdError(
            f"{where}: fields {best!r} and {others[0]!r} could both be the entity tags; leave one, or name it "
            f"{TAGS[0]!r}"
        )
    return best


def _sentences(
    values: Mapping[str, Any], columns: Columns, where: str, reader: TagReader
) -> Iterator[tuple[list[str], list[str]]]:
    for name in (columns.tokens, columns.tags):
        if not _is_cells(values[name]):
            raise GonerdError(f"{where}: field {name!r} must be a list; mend the line")
    tags = _flat(values[columns.tags])
    if len(_flat(values[columns.tokens])) != len(tags):
        raise _uneven(values, columns.tokens, columns.tags, where)
    position = 0
    for tokens in _groups(values[columns.tokens]):
        bio = reader.read(tags[position : position + len(tokens)], f"{where}: field {columns.tags!r}")
        position += len(tokens)
        for token, tag in zip(tokens, bio, strict=True):
            if not isinstance(token, str):
                raise GonerdError(f"{where}: field {columns.tokens!r}: {json.dumps(token)} is not a string; mend it")
            if not token and tag != "O":
                raise GonerdError(f"{where}: field {columns.tokens!r}: an empty token has the tag {tag}; remove both")
        # An empty token outside mentions is left out: it has no character that anything could point at.
        kept = [(normalize(token), tag) for token, tag in zip(tokens, bio, strict=True) if token]
        yield [token for token, _ in kept], [tag for _, tag in kept]


def _is_cells(value: Any) -> bool:
    return isinstance(value, list | str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _groups(value: Any) -> list[list[Any]]:
    """Views a cell as sentences: a list of lists, one list, or a string with white space between the items."""
    items: list[Any] = value.split() if isinstance(value, str) else value
    return items if items and all(isinstance(item, list) for item in items) else [items]


def _flat(value: Any) -> list[Any]:
    return [item for group in _groups(value) for item in group]


def _uneven(values: Mapping[str, Any], tokens: str, tags: str, where: str) -> GonerdError:
    counts = f"{len(_flat(values[tokens]))} tokens in {tokens!r} but {len(_flat(values[tags]))} tags in {tags!r}"
    return GonerdError(f"{where}: {counts}; every token needs one tag")
