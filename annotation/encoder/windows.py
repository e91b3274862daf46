"""A draft as the encoder sees it: overlapping windows of word pieces that end between words, and what stands beside."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gonerd.annotation.draft import Draft
from gonerd.annotation.features import shape
from gonerd.labels import BIO_TAGS, spans_to_tags

SHAPES = 256  # rows of the table of word shapes, which are hashed into it
FEATURES = 1 << 18  # rows of the table of features, hashed likewise (Weinberger et al., 2009)
_LENGTH = 256  # positions of a window
_OVERLAP = 32  # positions that neighbouring windows share
_WORD_PIECES = 16  # a longer word, an address or a line of dashes, is told by its beginning
_TAGS = {tag: i for i, tag in enumerate(BIO_TAGS)}
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """The words of one draft.

    Attributes:
        tokens: Offsets of each word, cut at the borders of the draft's mentions.
        shapes: Row of each word's shape.
        tags: Class of each word in the draft, an index into `BIO_TAGS`.
        features: Rows of each word's features.
    """

    tokens: list[tuple[int, int]]
    shapes: list[int]
    tags: list[int]
    features: list[Ids]


@dataclass(frozen=True)
class Window:
    """A stretch of a draft.

    Attributes:
        ids: Word pieces, special tokens included; N of them.
        words: Index of the word of each position, -1 for special tokens.
        firsts: Positions of the first piece of each word, in order.
        margins: Distance of each of these words to the nearest border where the text goes on.
    """

    ids: list[int]
    words: list[int]
    firsts: list[int]
    margins: list[int]


def words_of(draft: Draft, tokens: list[tuple[int, int]], rows: Sequence[Sequence[str]]) -> Words:
    """Returns what is known of the words of a draft.

    Args:
        draft: The draft.
        tokens: What `gonerd.annotation.features.features` returns for it.
        rows: The same.
    """
    tags = spans_to_tags([mention.span() for mention in draft.mentions], tokens)
    return Words(
        tokens,
        [_row(shape(draft.text[start:end]), SHAPES) for start, end in tokens],
        [_TAGS[tag] for tag in tags],
        [np.fromiter((_row(name, FEATURES) for name in row), np.int64, len(row)) for row in rows],
    )


def _row(name: str, rows: int) -> int:
    return zlib.crc32(name.encode()) % rows


def window_length(tokenizer: Any, config: Any) -> int:
    """Returns the positions of a window, fewer than usual where tokenizer or encoder take no more."""
    # RoBERTa counts its positions from the padding's on, so two of them hold no token.
    positions = getattr(config, "max_position_embeddings", _LENGTH + 2) - 2
    return int(min(_LENGTH, tokenizer.model_max_length, positions))


def windows_of(tokenizer: Any, words: Sequence[str], length: int = _LENGTH) -> Iterator[Window]:
    """Cuts words into windows.

    Args:
        tokenizer: A fast tokenizer that takes words.
        words: In order.
        length: Most positions of a window, special tokens included.

    Yields:
        Windows in order; each holds whole words, each word is in at least one.
    """
    if not words:
        return
    given = tokenizer(list(words), is_split_into_words=True, add_special_tokens=False, verbose=False)
    # A word that the tokenizer drops, such as a lone control character, still needs a position of its own.
    pieces: list[list[int]] = [[] for _ in words]
    for word, piece in zip(given.word_ids(), given["input_ids"], strict=True):
        if len(pieces[word]) < _WORD_PIECES:
            pieces[word].append(piece)
    pieces = [found or [tokenizer.unk_token_id] for found in pieces]
    before, after = _around(tokenizer)
    room = length - len(before) - len(after)
    first = 0
    while first < len(words):
        last, size = first, 0
        while last < len(words) and size + len(pieces[last]) <= room:
            size += len(pieces[last])
            last += 1
        yield _window(pieces, first, last, before, after)
        if last == len(words):
            return
        back, shared = last, 0
        while back - 1 > first and shared + len(pieces[back - 1]) <= _OVERLAP:
            back -= 1
            shared += len(pieces[back])
        first = back


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Returns the special tokens that stand before and after a text."""
    given = tokenizer(["a"], is_split_into_words=True, return_special_tokens_mask=True)
    special = given["special_tokens_mask"]
    first, last = special.index(0), len(special) - special[::-1].index(0)
    return given["input_ids"][:first], given["input_ids"][last:]


def _window(pieces: Sequence[list[int]], first: int, last: int, before: list[int], after: list[int]) -> Window:
    ids, words, firsts = list(before), [-1] * len(before), []
    for word in range(first, last):
        firsts.append(len(ids))
        ids += pieces[word]
        words += [word] * len(pieces[word])
    far, left, right = len(ids) + len(after), first > 0, last < len(pieces)
    margins = [min(i if left else far, len(ids) - i if right else far) for i in firsts]
    return Window([*ids, *after], [*words, *[-1] * len(after)], firsts, margins)
