"""Where two annotators differ over one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gonerd.records import Span


@dataclass(frozen=True)
class Dispute:
    """A stretch of text where two annotators differ, as short as it can be without cutting a span.

    Attributes:
        start: First character.
        end: After the last character.
        first: Spans of the first annotator there.
        second: Spans of the second.
    """

    start: int
    end: int
    first: tuple[Span, ...]
    second: tuple[Span, ...]

    @property
    def kind(self) -> str:
        """What the disagreement is about."""
        if not self.first or not self.second:
            return "missing"
        if {s.key[:2] for s in self.first} == {s.key[:2] for s in self.second}:
            return "label"
        return "boundary" if {s.label for s in self.first} == {s.label for s in self.second} else "boundary and label"


def disputes(first: Sequence[Span], second: Sequence[Span]) -> list[Dispute]:
    """Lists where two annotations differ.

    Args:
        first: Spans of one annotator, not overlapping each other.
        second: Spans of the other.

    Returns:
        The disputes, in order; they share no character.
    """
    agreed = {s.key for s in first} & {s.key for s in second}
    rest = [(s, side) for side, spans in enumerate((first, second)) for s in spans if s.key not in agreed]
    regions: list[list[tuple[Span, int]]] = []
    end = -1
    for span, side in sorted(rest, key=lambda item: item[0].key):
        if span.start < end:
            regions[-1].append((span, side))
        else:
            regions.append([(span, side)])
        end = max(end, span.end)
    return [
        Dispute(
            min(s.start for s, _ in region),
            max(s.end for s, _ in region),
            tuple(s for s, side in region if side == 0),
            tuple(s for s, side in region if side == 1),
        )
        for region in regions
    ]
