"""Long texts in pieces, cut at sentence borders so that no mention is cut."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import regex

CHUNK_CHARACTERS = 20_000
_LAST_SPACE = regex.compile(r"(?r)\s")


@cache
def _sentencizer(language: str) -> Any:
    import spacy

    nlp = spacy.blank(language)
    nlp.add_pipe("sentencizer")
    nlp.max_length = 1 << 40  # the limit protects parsers from long input; there is none in here
    return nlp


def chunks(text: str, size: int = CHUNK_CHARACTERS, language: str = "en") -> Iterator[tuple[int, int]]:
    """Cuts a text into pieces of whole sentences.

    Args:
        text: A text of any length.
        size: Largest length of a piece, in characters. A longer sentence is cut at white space, or where
            there is none, at `size`.
        language: ISO 639-1 code of the sentence rules.

    Yields:
        (start, end) of each piece: ascending, adjacent, covering the text.
    """
    if len(text) <= size:
        if text:
            yield 0, len(text)
        return
    start = end = 0
    for border in _sentence_ends(text, language):
        if border - start > size and end > start:
            yield start, end
            start = end
        while border - start > size:
            space = _LAST_SPACE.search(text, start + 1, start + size)
            cut = space.end() if space else start + size
            yield start, cut
            start = cut
        end = border
    if end > start:
        yield start, end


def _sentence_ends(text: str, language: str) -> Iterator[int]:
    previous = None
    for sentence in _sentencizer(language)(text).sents:
        if previous is not None:
            yield sentence.start_char
        previous = sentence
    yield len(text)
