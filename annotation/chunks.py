"""Long texts in pieces with context on both sides, so that no mention is cut and none depends on where a piece ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

CHUNK_CHARACTERS = 20_000
# spaCy's small models look 4 tokens to each side, then decide by what they decided before; this is some 60 tokens.
CONTEXT_CHARACTERS = 400
_PARAGRAPH = regex.compile(r"(?r)\n\s*\n\s*")
_LINE = regex.compile(r"(?r)\n\s*")
# Not after an initial or a short abbreviation, which mostly ends no sentence.
_SENTENCE = regex.compile(r"(?r)(?<=\p{Ll}{3}[.!?][\"'”’)\]]{0,2}|[\d)\]][.!?]|[。！？])\s+(?=[\p{Lu}\p{Lo}\d\"“‘(\[])")
_SPACE = regex.compile(r"(?r)\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a text: what it answers for, and what it may look at.

    Attributes:
        start: First character that it answers for.
        end: After the last.
        left: Where its context begins.
        right: Where its context ends.
    """

    start: int
    end: int
    left: int
    right: int


def chunks(text: str, size: int = CHUNK_CHARACTERS) -> Iterator[tuple[int, int]]:
    """Cuts a text into pieces, at the border of a paragraph, else of a line, a sentence, a word.

    Args:
        text: A text of any length.
        size: Largest length of a piece, in characters. What has no border is cut at `size`.

    Yields:
        (start, end) of each piece: ascending, adjacent, covering the text.
    """
    start = 0
    while len(text) - start > size:
        end = _border(text, start, start + size)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _border(text: str, start: int, limit: int) -> int:
    middle = start + (limit - start) // 2
    for pattern, first in ((_PARAGRAPH, middle), (_LINE, middle), (_SENTENCE, start + 1), (_SPACE, start + 1)):
        if match := pattern.search(text, first, min(len(text), limit)):
            return match.end()
    return limit


def with_context(text: str, size: int = CHUNK_CHARACTERS, context: int = CONTEXT_CHARACTERS) -> Iterator[Chunk]:
    """Cuts a text like `chunks`, each piece with some of its neighbours to look at, down to white space.

    A mention belongs to the piece that answers for its first character, and may reach into the context.
    """
    for start, end in chunks(text, size):
        left, right = max(0, start - context), min(len(text), end + context)
        if left and (match := regex.search(r"\s\b", text[left:start])):
            left += match.end()
        if right < len(text) and (match := _SPACE.search(text, end, right)):
            right = match.start()
        yield Chunk(start, end, left, max(right, end))
