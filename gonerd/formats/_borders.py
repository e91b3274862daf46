"""Where spans begin and end: how offsets that are all shifted show in what they do to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import regex

from gonerd.errors import GonerdError
from gonerd.records import Span
from gonerd.text import is_space

_CUTS = regex.compile(r"(?<=\w)(?=\w)")
_REACH = 8  # how far a shift is looked for, in characters


def doubtful(span: Span, text: str, shift: int = 0) -> bool:
    """Whether a border has white space inside it, or cuts a word."""
    start, end = span.start + shift, span.end + shift
    if start < 0 or end > len(text) or is_space(text[start]) or is_space(text[end - 1]):
        return True
    return any(_CUTS.match(text, border) is not None for border in (start, end))


@dataclass
class Borders:
    """Where spans begin and end, over which no text is stated: how a shift shows in what it does to words.

    Attributes:
        spans: How many there are.
        doubtful: How many begin or end in white space or inside a word.
        moved: By direction, the first of these as it would stand after the least shift that mends it; a direction
            that does not mend them all is gone.
    """

    spans: int = 0
    doubtful: int = 0
    moved: dict[int, str] = field(default_factory=lambda: {-1: "", 1: ""})

    def add(self, spans: Sequence[Span], text: str, where: str) -> None:
        """Looks at spans over a text."""
        self.spans += len(spans)
        for span in spans:
            if not doubtful(span, text):
                continue
            self.doubtful += 1
            for sign in list(self.moved):
                # An emoji before a span moves it further than the spans before the emoji: each has its own distance.
                shift = _mended(span, text, sign)
                if shift is None:
                    del self.moved[sign]
                elif not self.moved[sign]:
                    self.moved[sign] = _moved(span, text, shift, where)

    def refuse_shift(self) -> None:
        """Refuses spans most of which cut words and, all moved one way, would cut none.

        Raises:
            GonerdError: They are such.
        """
        if 2 * self.doubtful > self.spans and self.moved:
            raise GonerdError(next(iter(self.moved.values())))


def _moved(span: Span, text: str, shift: int, where: str) -> str:
    start, end = span.start + shift, span.end + shift
    return (
        f"{where}: the offsets look shifted by {-shift}: span {span.start}..{span.end} is "
        f"{text[span.start : span.end]!r}, and {text[start:end]!r} stands at {start}..{end}; export again, or name the "
        "unit with --offsets"
    )


def _mended(span: Span, text: str, sign: int) -> int | None:
    """Returns the least shift after which a span cuts no word, None where none is near."""
    shifts = (sign * distance for distance in range(1, _REACH + 1))
    return next((shift for shift in shifts if not doubtful(span, text, shift)), None)
