"""Where a mention begins and ends, whatever the pipeline thinks: the conventions in one place."""

from __future__ import annotations

import regex

# OntoNotes counts a leading article as part of the name, CoNLL-2003 and this dataset do not. "The Hague"
# and its like keep theirs: only a lower-case article is cut.
_LEADING = regex.compile(r"(?:the|a|an)\s+|[\s\p{Pi}\"']+")
_TRAILING = regex.compile(r"(?:['’]s|['’])$|[\s\p{Pf}\"',;:]+$")


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Moves a mention's borders inward past white space, quotes, lower-case articles and a possessive.

    Args:
        text: The document's text.
        start: Offset of the first character.
        end: Offset after the last character.

    Returns:
        The new offsets; equal when nothing is left.
    """
    while start < end and (match := _LEADING.match(text, start, end)):
        start = match.end()
    while start < end and (match := _TRAILING.search(text, start, end)):
        end = match.start()
    return start, end
