"""Windows of examples: which tokens of one are global, batches of them, and which one owns what several hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gonerd.errors import UsageError, unknown_name

GLOBAL = ("none", "first", "question")


@dataclass(frozen=True)
class Shape:
    """How texts are cut.

    Attributes:
        max_length: Positions in a window, special tokens included.
        stride: Positions of the text that neighbouring windows share; at most half of those it has beside a question.
    """

    max_length: int
    stride: int


@dataclass(frozen=True)
class Piece:
    """A window of an example as a model sees it; every list has an entry for each of its N positions.

    Attributes:
        example: Index of the example.
        input_ids: Token ids, special tokens included.
        units: What stands there, counted through the whole text that is cut: the word that begins, or the token; -1
            for special tokens and for a text that every window repeats.
        margins: Distance to the nearest border where the text goes on.
        repeated: Whether the position belongs to a text that every window repeats, as a question.
        token_types: Segment ids; None where the tokenizer has none or there is one segment.
        offsets: (start, end) in the text that is cut, where predictions are read from characters.
        targets: What the loss compares with.
    """

    example: int
    input_ids: list[int]
    units: list[int]
    margins: list[int]
    repeated: list[bool]
    token_types: list[int] | None = None
    offsets: list[tuple[int, int]] = field(default_factory=list)
    targets: dict[str, Any] = field(default_factory=dict)


def global_tokens(piece: Piece, attends: str) -> list[int]:
    """Marks the tokens that attend to all and are attended by all.

    Args:
        piece: A window.
        attends: "none"; "first", the first token (Beltagy et al. 2020, section 3.1, classification); "question", the
            first token and the text that every window repeats (section 3.1, questions).
    """
    marks = [int(attends == "question" and repeated) for repeated in piece.repeated]
    return marks if attends == "none" else [1, *marks[1:]]


def check_attends(attends: str, kind: str) -> None:
    """Refuses global tokens that a kind does not have.

    Raises:
        UsageError: The name is unknown, or there is no question.
    """
    if attends not in GLOBAL:
        raise unknown_name("global attention", attends, GLOBAL)
    if attends == "question" and kind == "token-classification":
        raise UsageError("--global-attention question: tagging has no question; use none or first")


def collate(
    pieces: Sequence[Piece], pad_token_id: int, *, attends: str | None, token_types: bool = True
) -> dict[str, Tensor]:
    """Pads windows to a batch.

    Args:
        pieces: B windows, the longest of N positions.
        pad_token_id: What fills the shorter ones.
        attends: Which tokens are global; None for models that take no such mask.
        token_types: Whether the model takes segment ids.

    Returns:
        `input_ids` and `attention_mask`, and where there are such `token_type_ids` and `global_attention_mask`, each
        (B, N).
    """
    longest = max(len(piece.input_ids) for piece in pieces)
    batch = {
        "input_ids": padded([piece.input_ids for piece in pieces], pad_token_id, longest),
        "attention_mask": padded([[1] * len(piece.input_ids) for piece in pieces], 0, longest),
    }
    types = [piece.token_types for piece in pieces if piece.token_types is not None]
    if token_types and len(types) == len(pieces):
        batch["token_type_ids"] = padded(types, 0, longest)
    if attends is not None:
        batch["global_attention_mask"] = padded([global_tokens(piece, attends) for piece in pieces], 0, longest)
    return batch


def padded(rows: Sequence[Sequence[int]], value: int, length: int) -> Tensor:
    """Returns rows of different lengths as one tensor (B, `length`), filled up with `value`."""
    return torch.tensor([[*row, *[value] * (length - len(row))] for row in rows])


def owned(pieces: Sequence[Piece]) -> list[list[int]]:
    """Gives every unit of every example to the one window in which it has the most context, the first of several.

    Training counts a unit there alone, and predictions are read there: the same rule in both.

    Returns:
        For each window the positions that it owns.
    """
    best: dict[tuple[int, int], tuple[int, int, int]] = {}
    for number, piece in enumerate(pieces):
        for position, unit in enumerate(piece.units):
            key = (piece.example, unit)
            if unit >= 0 and (key not in best or piece.margins[position] > best[key][0]):
                best[key] = (piece.margins[position], number, position)
    found: list[list[int]] = [[] for _ in pieces]
    for _, number, position in best.values():
        found[number].append(position)
    return [sorted(positions) for positions in found]
