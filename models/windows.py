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
            Window(document, ids, _first_pieces(word_ids, continued=i > 0), _margins(word_ids, i > 0, i + 1 < count))
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


def _margins(word_ids: Sequence[int | None], cut_left: bool, cut_right: bool) -> list[int]:
    last, far = len(word_ids) - 1, len(word_ids)
    return [min(i if cut_left else far, last - i if cut_right else far) for i in range(len(word_ids))]


def labels_of(window: Window, tags: Sequence[int]) -> list[int]:
    """Returns a window's training labels: the tag of each word at its first piece, elsewhere `IGNORED`."""
    return [tags[word] if word >= 0 else IGNORED for word in window.words]


def collate(
    windows: Sequence[Window],
    pad_token_id: int,
    *,
    global_first: bool,
    labels: Sequence[Sequence[int]] | None = None,
) -> dict[str, torch.Tensor]:
    """Pads windows to a batch.

    Args:
        windows: B windows, the longest of N positions.
        pad_token_id: What fills the shorter ones.
        global_first: Whether to mark the first token global (Longformer, section 3.1); models whose
            attention is full do not take the mask.
        labels: One sequence a window.

    Returns:
        `input_ids` and `attention_mask`, and if asked for `global_attention_mask` and `labels`, each (B, N).
    """
    longest = max(len(window.input_ids) for window in windows)

    def pad(rows: Sequence[Sequence[int]], value: int) -> torch.Tensor:
        return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])

    batch = {
        "input_ids": pad([window.input_ids for window in windows], pad_token_id),
        "attention_mask": pad([[1] * len(window.input_ids) for window in windows], 0),
    }
    if global_first:
        batch["global_attention_mask"] = torch.zeros_like(batch["input_ids"])
        batch["global_attention_mask"][:, 0] = 1
    if labels is not None:
        batch["labels"] = pad(labels, IGNORED)
    return batch


def takes_global_mask(model: torch.nn.Module) -> bool:
    """Tells whether a model's forward takes `global_attention_mask`."""
    import inspect

    return "global_attention_mask" in inspect.signature(model.forward).parameters
