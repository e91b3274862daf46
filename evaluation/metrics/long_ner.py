"""Recognition in long documents: F1 by place, by distance to the first mention, by length; consistency."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from . import METRICS, Metric
from ._mentions import pair
from ._places import Place, Placed, placed
from ._score import Score
from .exact_spans import by_label

POSITIONS = (0, 512, 1024, 2048, 4096)  # in words from the beginning of the document
LENGTHS = (0, 512, 1024, 2048, 4096)  # words in the document
DISTANCES = (1, 128, 512, 2048)  # in words from the first gold mention of the same name
_FIRST = "first"


def compute(gold: Sequence[Any], predicted: Sequence[Any]) -> dict[str, Any]:
    """Scores whole documents, 0 to 1; buckets without any mention are left out.

    A mention stands at its first word. Its distance is that to the first gold mention that bears the same name, letter
    by letter; that mention itself, and a predicted name that has none before it, are "first". So gold counts do not
    depend on the model.
    """
    found = pair(gold, predicted)
    documents = placed(gold, found)
    tables = [_Table(), _Table(), _Table()]
    for document in documents:
        first: dict[str, int] = {}
        for place in document.gold:
            first.setdefault(place.name, place.word)
        length = bucket(document.words, LENGTHS)
        for is_gold, places in ((True, document.gold), (False, document.predicted)):
            for place in places:
                away = place.word - first.get(place.name, place.word)
                names = (bucket(place.word, POSITIONS), bucket(away, DISTANCES) if away > 0 else _FIRST, length)
                for table, name in zip(tables, names, strict=True):
                    table.count(name, is_gold, place.hit)
    by_position, by_distance, by_length = tables
    return {
        "f1": by_label(found)["micro"].f1,
        "by_position": by_position.as_dict(),
        "by_distance": by_distance.as_dict(),
        "by_length": by_length.as_dict(),
        "repeated_names": consistency(documents),
    }


def bucket(value: int, borders: tuple[int, ...]) -> str:
    """Names the bucket that a number falls into, for instance "512-1023" or "4096+"."""
    return _names(borders)[bisect_right(borders, value) - 1]


@cache
def _names(borders: tuple[int, ...]) -> list[str]:
    return [*(f"{low}-{high - 1}" for low, high in pairwise(borders)), f"{borders[-1]}+"]


class _Table:
    """Counts by bucket: correct, predicted, gold."""

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def count(self, name: str, is_gold: bool, hit: bool) -> None:
        row = self.rows[name]
        row[2 if is_gold else 1] += 1
        row[0] += is_gold and hit

    def as_dict(self) -> dict[str, dict[str, float]]:
        order = sorted(self.rows, key=lambda name: -1 if name == _FIRST else int(name.rstrip("+").partition("-")[0]))
        return {name: Score(*self.rows[name]).as_dict() for name in order}


def consistency(documents: Sequence[Placed]) -> dict[str, float]:
    """Tells whether names that occur again in a document are treated alike.

    Args:
        documents: Documents with their mentions.

    Returns:
        Names with two or more gold mentions of one label in a document ("names"); the shares of them of which all
        mentions were found, some, or none; and the share treated alike ("consistent"): all found, or every mention
        given the same other label, or every one passed over.
    """
    names = complete = partly = missed = alike = 0
    for document in documents:
        labels = {place.key: place.label for place in document.predicted}
        groups: dict[tuple[str, str], list[Place]] = defaultdict(list)
        for place in document.gold:
            groups[place.name, place.label].append(place)
        for places in (group for group in groups.values() if len(group) > 1):
            hits = sum(place.hit for place in places)
            names += 1
            complete += hits == len(places)
            missed += hits == 0
            partly += 0 < hits < len(places)
            alike += len({labels.get(place.key) for place in places}) == 1
    shares = {"all_found": complete, "partly_found": partly, "none_found": missed, "consistent": alike}
    return {"names": names, **{name: count / names if names else 0.0 for name, count in shares.items()}}


METRICS.register("long_ner")(
    Metric(
        name="long_ner",
        title="F1 by position, distance to the first mention, document length; consistency of repeated names",
        source="This project",
        main="f1",
        unit=1,
        compute=compute,
    )
)
