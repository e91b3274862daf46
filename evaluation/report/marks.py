"""A text with the spans of gold, teacher and student: where they agree one mark, else the readings one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Key = tuple[int, int, str]
WHO = ("gold", "teacher", "student")


@dataclass(frozen=True)
class Reading:
    """What one or several of gold, teacher and student see in a stretch.

    Attributes:
        who: Whose reading it is.
        parts: (text, label) in order, the label None outside spans; empty where positions stand for a text that is
            not at hand and there is no span.
    """

    who: tuple[str, ...]
    parts: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Stretch:
    """A stretch of text that spans cover.

    Attributes:
        kind: "agreed", "lost" (the teacher is right, the student is not), "gained" (the other way round), or "wrong".
        readings: One where all agree.
    """

    kind: str
    readings: tuple[Reading, ...]


def stretches(text: str | None, sides: Sequence[Iterable[Key]]) -> Iterator[str | Stretch]:
    """Cuts a text where spans begin and end.

    Args:
        text: The text; None where it is not at hand, then only stretches that differ come, positions for text.
        sides: Spans of gold, teacher and student; those of one side may overlap.

    Yields:
        Plain text and stretches, in order.
    """
    held = [set(side) for side in sides]
    at = 0
    for cluster in clusters(set().union(*held)):
        start, end = cluster[0][0], max(key[1] for key in cluster)
        seen = [tuple(key for key in cluster if key in side) for side in held]
        if text is not None and at < start:
            yield text[at:start]
        kind = _kind(*map(set, seen))
        if text is not None or kind != "agreed":
            yield Stretch(kind, _readings(text, start, end, seen))
        at = end
    if text is not None and at < len(text):
        yield text[at:]


def clusters(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Groups spans that overlap, directly or through others."""
    found: list[Key] = []
    end = 0
    for key in sorted(keys):
        if found and key[0] >= end:
            yield found
            found = []
        found.append(key)
        end = max(end, key[1]) if len(found) > 1 else key[1]
    if found:
        yield found


def _kind(gold: set[Key], teacher: set[Key], student: set[Key]) -> str:
    if gold == teacher == student:
        return "agreed"
    lost, gained = gold & teacher - student, gold & student - teacher
    return "lost" if lost else "gained" if gained else "wrong"


def _readings(text: str | None, start: int, end: int, seen: Sequence[tuple[Key, ...]]) -> tuple[Reading, ...]:
    """Returns each different reading once, with all who share it."""
    whose: dict[tuple[Key, ...], list[str]] = {}
    for who, keys in zip(WHO, seen, strict=True):
        whose.setdefault(keys, []).append(who)
    return tuple(Reading(tuple(names), tuple(_parts(text, start, end, keys))) for keys, names in whose.items())


def _parts(text: str | None, start: int, end: int, keys: tuple[Key, ...]) -> Iterator[tuple[str, str | None]]:
    at = start
    for first, last, label in keys:
        if text is not None and at < first:
            yield text[at:first], None
        yield (f"{first}–{last}" if text is None else text[first:last]), label
        at = max(at, last)
    if text is not None and at < end:
        yield text[at:end], None
