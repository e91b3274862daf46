"""What is trained on, chosen on and scored must be apart: told from a task's entry alone, before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .split_parts import PART, may_overlap

if TYPE_CHECKING:
    from .places import Place


def overlap(place: Place, one: str, other: str) -> bool:
    """Whether two parts of a task's data may have an example in common.

    Parts that one draw makes share no document. A part that is drawn may hold any document of its sources, so it has
    none in common only with what comes from elsewhere; a range of a split only with another range of it.

    Args:
        place: The task with its data.
        one: Name of a split, or of a part that the entry makes.
        other: Likewise.
    """
    drawn = place.entry.split_by_document
    shares = drawn.shares if drawn is not None else {}
    if one in shares and other in shares:
        return one == other
    if not set(_sources(place, one)) & set(_sources(place, other)):
        return False
    return one in shares or other in shares or may_overlap(_range(place, one), _range(place, other))


def _range(place: Place, name: str) -> str:
    return place.entry.splits.get(name, name)


def _sources(place: Place, name: str) -> list[str]:
    """Returns the files, or else the splits, that a part comes from."""
    drawn = place.entry.split_by_document
    if drawn is not None and name in drawn.shares:
        splits = list(drawn.of)
    else:
        found = PART.fullmatch(_range(place, name))
        splits = [found["split"] if found else name]
    return [place.entry.files.get(split, split) for split in splits]
