"""From the labels of other schemes to the core four. A label that a map does not know is refused."""

from __future__ import annotations

from collections.abc import Iterable

from gonerd.errors import GonerdError
from gonerd.labels import CORE

LabelMap = dict[str, str | None]

# None drops a label on purpose: the core scheme has no amounts, dates or counts.
MAPS: dict[str, LabelMap] = {
    "core": {label: label for label in CORE},
    "ontonotes": {
        "PERSON": "PER",
        "ORG": "ORG",
        "GPE": "LOC",
        "LOC": "LOC",
        "FAC": "LOC",
        "NORP": "MISC",
        "PRODUCT": "MISC",
        "EVENT": "MISC",
        "WORK_OF_ART": "MISC",
        "LAW": "MISC",
        "LANGUAGE": "MISC",
        "DATE": None,
        "TIME": None,
        "PERCENT": None,
        "MONEY": None,
        "QUANTITY": None,
        "ORDINAL": None,
        "CARDINAL": None,
    },
}


def label_map_for(labels: Iterable[str], pipeline: str) -> tuple[str, LabelMap]:
    """Finds the map that knows every label of a pipeline.

    Args:
        labels: The labels that the pipeline can give.
        pipeline: Its name, for the message.

    Returns:
        The map's name and the map.

    Raises:
        GonerdError: No map knows them all; the message lists what the closest one lacks.
    """
    given = set(labels)
    for name, mapping in MAPS.items():
        if given <= mapping.keys():
            return name, mapping
    name, mapping = min(MAPS.items(), key=lambda item: len(given - item[1].keys()))
    raise GonerdError(
        f"spaCy pipeline {pipeline!r}: labels {', '.join(sorted(given - mapping.keys()))} are in no label map "
        f"(closest: {name!r}); use a pipeline with OntoNotes or PER/ORG/LOC/MISC labels"
    )
