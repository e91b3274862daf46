"""Recognition in long documents: F1 by place, by distance to the first mention, by length; consistency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gonerd.evaluation.spans import Score

from . import METRICS, Metric
from ._mentions import pair
from ._places import Place, Placed, placed

POSITIONS = (0, 512, 1024, 2048, 4096)  # in words from the beginning of the document
LENGTHS = (0, 512, 1024, 2048, 4096)  # words in the document
DISTANCES = (1, 128, 512, 2048)  # in words from the first gold mention of the same name


def compute(gold: Sequence[Any], predicted: Sequence[Any]) -> dict[str, Any]:
    """Scores whole documents, 0 to 1; buckets without any mention are left out.

    A mention stands at its first word. Its distance is that to the first gold mention that bears the same name, letter
    by letter; that mention itself, and a predicted name that has none before it, are "first". So gold counts do not
    depend on the model.
    """
    documents = placed(gold, pair(gold, predicted))
    return {
        "f1": _score(place for document in documents for place in _both(document)).f1,
        "by_position": _buckets(documents, lambda _, place, first: bucket(place.word, POSITIONS)),
        "by_distance": _buckets(documents, lambda _, place, first: _distance(place, first)),
        "by_length": _buckets(documents, lambda document, place, first: bucket(document.words, LENGTHS)),
        "repeated_names": consistency(documents),
    }


def bucket(value: int, borders: Sequence[int]) -> str:
    """Names the bucket that a number falls into, for instance "512-1023" or "4096+"."""
    below = max(i for i, border in enumerate(borders) if value >= border)
    if below + 1 == len(borders):
        return f"{borders[below]}+"
    return f"{borders[below]}-{borders[below + 1] - 1}"


def _both(document: Placed) -> Iterator[tuple[Place, bool]]:
    yield from ((place, True) for place in document.gold)
    yield from ((place, False) for place in document.predicted)


def _score(places: Any) -> Score:
    correct = predicted = gold = 0
    for place, is_gold in places:
        gold += is_gold
        predicted += not is_gold
        correct += is_gold and place.hit
    return Score(correct, predicted, gold)


def _buckets(
    documents: Sequence[Placed], name_of: Callable[[Placed, Place, dict[str, int]], str]
) -> dict[str, dict[str, float]]:
    found: dict[str, list[tuple[Place, bool]]] = defaultdict(list)
    for document in documents:
        first: dict[str, int] = {}
        for place in document.gold:
            first.setdefault(place.name, place.word)
        for place, is_gold in _both(document):
            found[name_of(document, place, first)].append((place, is_gold))
    order = sorted(
        found, key=lambda name: (name != "first", int(name.rstrip("+").split("-")[0]) if name != "first" else 0)
    )
    return {name: _score(found[name]).as_dict() for name in order}


def _distance(place: Place, first: dict[str, int]) -> str:
    words = place.word - first.get(place.name, place.word)
    return bucket(words, DISTANCES) if words > 0 else "first"


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
