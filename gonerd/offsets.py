"""Offsets counted as other tools count them, turned into code points and back."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

import regex

from .errors import GonerdError, unknown_name
from .text import normalize

_CLUSTER = regex.compile(r"\X")

CODE_POINT, UTF16, GRAPHEME = "code-point", "utf-16", "grapheme"


def _code_points(text: str) -> tuple[Sequence[int], Sequence[int]]:
    return range(len(text) + 1), range(len(text) + 1)


def _utf16(text: str) -> tuple[Sequence[int], Sequence[int]]:
    if text.isascii():
        return _code_points(text)
    widths = (2 if ord(character) > 0xFFFF else 1 for character in text)
    return range(len(text) + 1), list(accumulate(widths, initial=0))


def _graphemes(text: str) -> tuple[Sequence[int], Sequence[int]]:
    borders = _clusters(text)
    return borders, range(len(borders))


def _clusters(text: str) -> list[int]:
    return [0, *(match.end() for match in _CLUSTER.finditer(text))]


# Borders of a text in code points, and the same borders in the unit.
_UNITS: dict[str, Callable[[str], tuple[Sequence[int], Sequence[int]]]] = {
    CODE_POINT: _code_points,
    UTF16: _utf16,
    GRAPHEME: _graphemes,
}
UNITS = tuple(_UNITS)


class Ruler:
    """Measures one text in one unit.

    JavaScript and Java count UTF-16 code units, in which an emoji is two; some tools count characters as readers see
    them (extended grapheme clusters, UAX #29).

    Args:
        text: The text as the tool has it.
        unit: One of `UNITS`.

    Raises:
        UsageError: The unit is unknown.
    """

    def __init__(self, text: str, unit: str) -> None:
        if unit not in _UNITS:
            raise unknown_name("unit of offsets", unit, UNITS)
        self._points, self._units = _UNITS[unit](text)

    def code_point(self, offset: int) -> int | None:
        """Returns an offset in code points; None where it lies outside the text or inside one of its characters."""
        i = bisect_left(self._units, offset)
        return self._points[i] if i < len(self._units) and self._units[i] == offset else None

    def unit(self, offset: int) -> int:
        """Returns a code point offset in this ruler's unit.

        Raises:
            GonerdError: It lies inside a character of that unit.
        """
        i = bisect_left(self._points, offset)
        if i == len(self._points) or self._points[i] != offset:
            raise GonerdError(f"offset {offset} lies inside a character; move the border")
        return self._units[i]


class Normalized:
    r"""Where the characters of a tool's text lie in the normalised one (`\r\n` to `\n`, NFC).

    Args:
        raw: The text as the tool has it.
    """

    def __init__(self, raw: str) -> None:
        self.text = normalize(raw)
        self._same = self.text == raw
        if self._same:
            return
        self._raw = _clusters(raw)
        pieces = [raw[a:b] for a, b in zip(self._raw, self._raw[1:], strict=False)]
        changed = [normalize(piece) for piece in pieces]
        self._kept = [before == after for before, after in zip(pieces, changed, strict=True)]
        self._new = list(accumulate(map(len, changed), initial=0))
        self._exact = "".join(changed) == self.text  # if not, characters joined across clusters

    def position(self, offset: int) -> int | None:
        """Returns where a raw offset (code points) lies in the normalised text; None inside what was changed."""
        if self._same:
            return offset if 0 <= offset <= len(self.text) else None
        if not self._exact:
            return None
        i = bisect_left(self._raw, offset)
        if i < len(self._raw) and self._raw[i] == offset:
            return self._new[i]
        if not 0 < i < len(self._raw) or not self._kept[i - 1]:
            return None
        return self._new[i - 1] + offset - self._raw[i - 1]
