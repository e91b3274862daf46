"""Words: the token view of a text. Offsets are exact, nothing but white space is left out."""

from __future__ import annotations

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
    cuts = sorted({border for span in spans for border in (span.start, span.end)})
    tokens: list[tuple[int, int]] = []
    i = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        while i < len(cuts) and cuts[i] <= start:
            i += 1
        while i < len(cuts) and cuts[i] < end:
            tokens.append((start, cuts[i]))
            start = cuts[i]
            i += 1
        tokens.append((start, end))
    return tokens
