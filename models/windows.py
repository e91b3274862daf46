"""Long documents as overlapping windows, in training as in prediction; nothing is ever truncated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gonerd.errors import UsageError

IGNORED = -100  # the label that the loss skips


@dataclass(frozen=True)
class Window:
    """A stretch of a document as a model sees it.

    Attributes:
        document: Index of the document.
        input_ids: Token ids, special tokens included.
        words: For each position, the index of the word whose first piece stands there, or -1.
        margins: For each position, its distance to the nearest border where the text goes on.
    """

    document: int
    input_ids: list[int]
    words: list[int]
    margins: list[int]


def check_window(max_length: int, stride: int, limit: int | None = None) -> None:
    """Refuses windows that could lose a word or that a model has no positions for.

    Args:
        max_length: Positions in a window.
        stride: Positions that two neighbouring windows share.
        limit: Positions that the model has, where that is known.

    Raises:
        UsageError: The window is longer than the limit, or the overlap is empty or leaves no room to move on.
    """
    if limit is not None and max_length > limit:
        raise UsageError(
            f"--max-length {max_length} is more than the model's {limit} positions; convert it, or lower it"
        )
    if max_length < 8:
        raise UsageError(f"--max-length {max_length} leaves no room for text; use at least 8")
    if not 1 <= stride <= (max_length - 2) // 2:
        raise UsageError(
            f"--stride {stride}: the overlap of windows of {max_length} tokens must be 1..{(max_length - 2) // 2}"
        )


def make_windows(tokenizer: Any, words: Sequence[str], max_length: int, stride: int, document: int = 0) -> list[Window]:
    """Cuts a document into windows.

    Args:
        tokenizer: A fast tokenizer that takes words.
        words: The document's words.
        max_length: Positions in a window, special tokens included.
        stride: Positions that two neighbouring windows share.
        document: Index that the windows carry.

    Returns:
        Windows in order, which together hold the first piece of every word that has one.
    """
    if not words:
        return []
    check_window(max_length, stride)
    encoded = tokenizer(
        list(words),
        is_split_into_words=True,
        truncation=True,
        max_length=max_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    count = len(encoded["input_ids"])
    windows = []
    for i in range(count):
        ids, word_ids = encoded["input_ids"][i], encoded.word_ids(i)
        windows.append(
            Window(document, ids, _first_pieces(word_ids, continued=i > 0), margins_of(word_ids, i > 0, i + 1 < count))
        )
    return windows


def _first_pieces(word_ids: Sequence[int | None], continued: bool) -> list[int]:
    words, previous = [], None
    for word in word_ids:
        words.append(-1 if word is None or word == previous else word)
        previous = word
    if continued:
        # The first word of a later window may have begun in the one before, which holds it either way.
        first = next((i for i, word in enumerate(words) if word >= 0), None)
        if first is not None:
            words[first] = -1
    return words


def margins_of(positions: Sequence[object], cut_left: bool, cut_right: bool) -> list[int]:
    """Returns for each position its distance to the nearest end of the window where text was cut.

    Args:
        positions: What stands at each position.
        cut_left: Whether the text goes on before the window.
        cut_right: Whether it goes on after it.
    """
    last, far = len(positions) - 1, len(positions)
    return [min(i if cut_left else far, last - i if cut_right else far) for i in range(len(positions))]


def takes_global_mask(model: torch.nn.Module) -> bool:
    """Tells whether a model's forward takes `global_attention_mask`."""
    import inspect

    return "global_attention_mask" in inspect.signature(model.forward).parameters
