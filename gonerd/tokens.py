"""Words: the token view of a text. Offsets are exact, nothing but white space is left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import regex

from .records import Span

# Letters and digits run together with their combining marks; any other visible character stands alone.
_WORD = regex.compile(r"[\w\p{M}\u200c\u200d]+|[^\s\w]")


def tokenize(text: str, spans: Iterable[Span] = ()) -> list[tuple[int, int]]:
    """Splits a text into words and single punctuation characters.

    Args:
        text: Any text.
        spans: Spans whose borders must also be token borders, so that tags can decode to them exactly.

    Returns:
        (start, end) of each token, ascending, in code points.
    """
    tokens: list[tuple[int, int]] = [match.span() for match in _WORD.finditer(text)]
    for cut in sorted({border for span in spans for border in (span.start, span.end)}, reverse=True):
        i = bisect_left(tokens, (cut,)) - 1  # the last token that begins before the border
        if i >= 0 and cut < tokens[i][1]:
            tokens[i : i + 1] = [(tokens[i][0], cut), (cut, tokens[i][1])]
    return tokens


def words(text: str) -> list[str]:
    """Returns the tokens of a text without their offsets, which is three times as fast."""
    return _WORD.findall(text)
