"""Mentions as columns: tags and spans of a million tokens decoded and compared without a loop over tokens."""

from __future__ import annotations

import math
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
    one, two = (decode(items, labels, strict) for items in (gold, predicted))
    truth, guess = _keys((one, two))
    found, correct = np.isin(truth, guess, assume_unique=True), np.isin(guess, truth, assume_unique=True)
    return Pair(one, two, tuple(labels), len(gold), correct, found)


def _from_spans(items: Sequence[Spanned], labels: dict[str, int], strict: bool) -> Mentions:
    rows = [
        (i, start, end, labels.setdefault(label, len(labels)))
        for i, item in enumerate(items)
        for start, end, label in dict.fromkeys(item.spans)  # a set has each once
    ]
    return Mentions(*np.asarray(rows, dtype=np.int64).reshape(-1, 4).T)


class _Numbered(dict[str, int]):
    """Numbers tags in the order in which they are met."""

    def __missing__(self, tag: str) -> int:
        return self.setdefault(tag, len(self))


def _from_tags(items: Sequence[Tagged], labels: dict[str, int], strict: bool) -> Mentions:
    lengths = [list(map(len, item.sentences)) for item in items]
    sizes = np.fromiter(map(sum, lengths), np.int64, len(items))
    total = int(sizes.sum())
    if not total:
        return Mentions(*np.zeros((4, 0), dtype=np.int64))
    numbers = _Numbered()
    tags = chain.from_iterable(chain.from_iterable(item.sentences for item in items))
    codes = np.fromiter(map(numbers.__getitem__, tags), np.int32, total)
    prefixes, of_label = np.asarray([_parsed(tag, labels) for tag in numbers], dtype=np.int32).T
    prefix, label = prefixes[codes], of_label[codes]
    borders = np.ones(total + 1, dtype=bool)
    borders[1:-1] = (prefix[1:] != 2) | (label[1:] != label[:-1])  # the label of O is that of no mention
    ends = np.cumsum(np.fromiter(chain.from_iterable(lengths), np.int64))
    borders[ends] = True  # no mention goes beyond its sentence
    edges = np.flatnonzero(borders)
    start, end = edges[:-1], edges[1:]
    kept = prefix[start] == 1 if strict else prefix[start] != 0
    start, end = start[kept], end[kept]
    after = np.cumsum(sizes)
    example = np.searchsorted(after, start, side="right")
    begins = (after - sizes)[example]
    return Mentions(example, start - begins, end - begins, label[start].astype(np.int64))


def _parsed(tag: str, labels: dict[str, int]) -> tuple[int, int]:
    prefix, label = split_tag(tag)
    if prefix not in _PREFIXES:
        raise GonerdError(f"tag {tag!r} is none of O, B-LABEL and I-LABEL; name the scheme of the file")
    return _PREFIXES[prefix], labels.setdefault(label, len(labels)) if label else -1


def _keys(sides: Sequence[Mentions]) -> list[Column]:
    """Numbers the mentions of both sides so that equal ones have equal numbers, and others have not."""
    columns = [(side.example, side.start, side.end - side.start, side.label) for side in sides]
    sizes = [max((int(p.max()) for p in parts if len(p)), default=0) + 1 for parts in zip(*columns, strict=True)]
    if math.prod(sizes) < 2**63:
        _, starts, lengths, labels = sizes
        return [((e * starts + start) * lengths + length) * labels + label for e, start, length, label in columns]
    rows = np.concatenate([np.column_stack(parts) for parts in columns])
    return np.split(np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1), [len(sides[0])])
