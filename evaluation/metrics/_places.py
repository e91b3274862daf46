"""Where mentions stand in their document, in words, and what name they bear."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from gonerd.errors import GonerdError
from gonerd.tokens import tokenize

from . import Spanned, Tagged
from ._mentions import Mentions, Pair

Row = tuple[int, int, str, bool]  # start, end, label, whether the other side has it
NameOf = Callable[[int, int], tuple[int, str]]  # from start and end to the first word's number and the name


class Place(NamedTuple):
    """A mention.

    Attributes:
        word: Number of its first word in the document.
        name: Its words, joined by blanks.
        label: Its label.
        hit: Whether the other side has it too.
        key: What is equal for the same mention of both sides.
    """

    word: int
    name: str
    label: str
    hit: bool
    key: tuple[int, int]


@dataclass(frozen=True)
class Placed:
    """A document with its gold and predicted mentions, in the order of the text.

    Attributes:
        words: How many words it has.
        gold: Gold mentions.
        predicted: Predicted ones.
    """

    words: int
    gold: list[Place]
    predicted: list[Place]


def placed(items: Sequence[Any], found: Pair) -> list[Placed]:
    """Places the mentions of every document.

    Args:
        items: The gold items, with words or text.
        found: The mentions of both sides.

    Raises:
        GonerdError: The items hold no words and no text.
    """
    documents = []
    gold_rows, predicted_rows = _rows(found.gold, found.found, found), _rows(found.predicted, found.correct, found)
    for item, gold, predicted in zip(items, gold_rows, predicted_rows, strict=True):
        words, name_of = _reader(item)
        documents.append(Placed(words, _places(gold, name_of), _places(predicted, name_of)))
    return documents


def _places(rows: list[Row], name_of: NameOf) -> list[Place]:
    found = [Place(*name_of(start, end), label, hit, (start, end)) for start, end, label, hit in rows]
    return sorted(found, key=lambda place: place.key)


def _rows(mentions: Mentions, hits: Any, found: Pair) -> list[list[Row]]:
    rows: list[list[Row]] = [[] for _ in range(found.examples)]
    columns = (mentions.example, mentions.start, mentions.end, mentions.label, hits)
    for example, start, end, label, hit in zip(*(column.tolist() for column in columns), strict=True):
        rows[example].append((start, end, found.labels[label], hit))
    return rows


def _reader(item: Tagged | Spanned) -> tuple[int, NameOf]:
    """Returns the number of words, and what gives first word and name of a mention."""
    if isinstance(item, Tagged):
        words = list(chain.from_iterable(item.words))
        if not words and any(item.sentences):
            raise GonerdError("the references hold tags without words, and names are compared here; keep the words")
        return len(words), lambda start, end: (start, " ".join(words[start:end]))
    if item.text is None:
        raise GonerdError("the references hold spans without texts, and names are compared here; keep field 'text'")
    text, starts = item.text, [start for start, _ in tokenize(item.text)]
    return len(starts), lambda start, end: (
        max(bisect_right(starts, start) - 1, 0),
        " ".join(text[start:end].split()),
    )
