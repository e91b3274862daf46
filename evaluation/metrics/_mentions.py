"""Mentions as columns: tags and spans of a million tokens decoded and compared without a loop over tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonerd.errors import GonerdError
from gonerd.labels import split_tag

from . import Spanned, Tagged

Column = NDArray[np.int64]
_PREFIXES = {"O": 0, "B": 1, "I": 2}


@dataclass(frozen=True)
class Mentions:
    """Mentions of many examples, a row each.

    Attributes:
        example: Number of the example.
        start: First token or character, counted from the beginning of the example.
        end: After the last one.
        label: Number of the label.
    """

    example: Column
    start: Column
    end: Column
    label: Column

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Pair:
    """Gold and predicted mentions over the same labels.

    Attributes:
        gold: Gold mentions, no two alike.
        predicted: Predicted ones, no two alike.
        labels: Name of each label's number.
        examples: Number of examples.
        correct: For each predicted mention, whether it is a gold one.
        found: For each gold mention, whether it was predicted.
    """

    gold: Mentions
    predicted: Mentions
    labels: tuple[str, ...]
    examples: int
    correct: NDArray[np.bool_]
    found: NDArray[np.bool_]


def pair(gold: Sequence[Any], predicted: Sequence[Any], *, strict: bool = True) -> Pair:
    """Decodes and compares two sides.

    Args:
        gold: `Tagged` or `Spanned` items.
        predicted: Items of the same examples and kind.
        strict: Whether an `I-` that continues no mention of its label is passed over, as strict IOB2 has it, or begins
            one, as conlleval has it.

    Returns:
        The mentions of both sides.

    Raises:
        GonerdError: A tag is not of the form O, B-LABEL or I-LABEL.
    """
    labels: dict[str, int] = {}
    decode = _from_spans if gold and isinstance(gold[0], Spanned) else _from_tags
    one, two = (_distinct(decode(items, labels, strict)) for items in (gold, predicted))
    truth, guess = _keys((one, two))
    return Pair(one, two, tuple(labels), len(gold), np.isin(guess, truth), np.isin(truth, guess))


def _from_spans(items: Sequence[Spanned], labels: dict[str, int], strict: bool) -> Mentions:
    rows = [
        (i, start, end, labels.setdefault(label, len(labels)))
        for i, item in enumerate(items)
        for start, end, label in item.spans
    ]
    return Mentions(*np.asarray(rows, dtype=np.int64).reshape(-1, 4).T)


def _from_tags(items: Sequence[Tagged], labels: dict[str, int], strict: bool) -> Mentions:
    tags = list(chain.from_iterable(chain.from_iterable(item.sentences for item in items)))
    lengths = np.fromiter((len(s) for item in items for s in item.sentences), np.int64)
    if not tags:
        return Mentions(*np.zeros((4, 0), dtype=np.int64))
    codes = {tag: i for i, tag in enumerate(dict.fromkeys(tags))}
    parts = np.asarray([_parsed(tag, labels) for tag in codes], dtype=np.int64)
    prefix, label = parts[np.fromiter(map(codes.__getitem__, tags), np.int64, len(tags))].T
    continues = (prefix[1:] == 2) & (prefix[:-1] != 0) & (label[1:] == label[:-1])
    borders = np.concatenate([[True], ~continues, [True]])
    borders[np.cumsum(lengths)[:-1][lengths[1:] > 0]] = True  # no mention goes beyond its sentence
    edges = np.flatnonzero(borders)
    start, end = edges[:-1], edges[1:]
    kept = prefix[start] == 1 if strict else prefix[start] != 0
    start, end = start[kept], end[kept]
    sizes = np.fromiter((sum(map(len, item.sentences)) for item in items), np.int64)
    begins = np.cumsum(sizes) - sizes
    example = np.searchsorted(np.cumsum(sizes), start, side="right")
    return Mentions(example, start - begins[example], end - begins[example], label[start])


def _parsed(tag: str, labels: dict[str, int]) -> tuple[int, int]:
    prefix, label = split_tag(tag)
    if prefix not in _PREFIXES:
        raise GonerdError(f"tag {tag!r} is none of O, B-LABEL and I-LABEL; name the scheme of the file")
    return _PREFIXES[prefix], labels.setdefault(label, len(labels)) if label else -1


def _distinct(mentions: Mentions) -> Mentions:
    """Drops mentions that stand twice: a set has each once."""
    rows = np.column_stack([mentions.example, mentions.start, mentions.end, mentions.label])
    order = np.lexsort(rows.T[::-1])
    rows = rows[order]
    fresh = np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)])[: len(rows)]
    return Mentions(*rows[fresh].T)


def _keys(sides: Sequence[Mentions]) -> list[Column]:
    """Numbers the mentions of both sides so that equal ones have equal numbers."""
    found: list[Column] = [np.zeros(len(side), dtype=np.int64) for side in sides]
    for name in ("example", "start", "end", "label"):
        values = [getattr(side, name) for side in sides]
        size = max((int(v.max()) for v in values if len(v)), default=0) + 1
        # Numbered afresh after each column, so that no product outgrows 64 bits.
        combined = np.concatenate([key * size + value for key, value in zip(found, values, strict=True)])
        numbers = np.unique(combined, return_inverse=True)[1]
        found = np.split(numbers, [len(sides[0])])
    return found
