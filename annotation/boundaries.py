"""Where a mention begins and ends, whatever found it: section 3 of the guidelines in one place."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from .draft import Draft, Edit
from .gazetteers import words

# OntoNotes counts a leading article as part of the name, CoNLL-2003 and this dataset do not.
_LEADING = regex.compile(r"(?:the|a|an)\s+|[\s\p{Pi}\p{Pd}\"'`*|•·_.,;:#]+|\\[nt]")
_TRAILING = regex.compile(r"\s*(?:['’]s|['’])$|[\s\p{Pf}\p{Pd}\"'`*|•·_,;:!?]+$")
_ARTICLE = regex.compile(r"(?:The|THE|A|An|AN)\s+")
# Place names that own their article. Names in another language (La Paz, Il Piccolo) are not touched at all.
_OWN_ARTICLE = regex.compile(r"The\s+(?:Hague|Gambia|Bahamas|Dalles|Bronx|Woodlands|Pas|Valley|Lizard)\b")
_TITLES = sorted(words("titles"))
_TITLE = regex.compile(rf"(?:(?:{'|'.join(_TITLES)})(?:\s?\.)?|MR|MRS|MS|DR)(?:\s+|\s*$)")
_POST_NOMINAL = regex.compile(r"\s*,?\s*(?:Esq|Ph\s?\.?\s?D|M\.D|J\.D|CPA|CFA|QC|KC|SC|MP|MBE|OBE)(?:\s?\.)?$")
_ADDRESS = regex.compile(r"(?:https?://|www\.)\S*|\S+@\S+\.\S+")
_ABBREVIATION = regex.compile(
    r"(?<![\p{L}])(?:Inc|Corp|Co|Ltd|Bros|Jr|Sr|Assn|Dept|Univ|Mfg|INC|CORP|CO|LTD|L\.\s?P|L\.\s?L\.\s?[CP]|N\.\s?A|P\.\s?C"
    r"|S\.\s?A|S\.\s?p\.\s?A|s\.\s?r\.\s?o|D\.\s?C|(?:\p{Lu}\s?\.\s?){1,3}\p{Lu})$"
)
_STOP = regex.compile(r"\s?\.")
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_OPENING, _CLOSING = "([", ")]"


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
    return start, max(start, end)


def settle(text: str, start: int, end: int, label: str) -> tuple[int, int]:
    """Applies every convention on borders that can be read off the text.

    Addresses of the web, titles, post-nominals and leading articles go out, a mention stays on its line, brackets are
    balanced, and the full stop of an abbreviation comes in.

    Args:
        text: The document's text.
        start: Offset of the first character.
        end: Offset after the last character.
        label: Core label; titles stay out of persons only.

    Returns:
        The new offsets; equal when nothing is left.
    """
    start, end = _one_line(text, start, end)
    for address in _ADDRESS.finditer(text, start, end):
        start = address.end()
    start, end = trim(text, start, end)
    start, end = _balanced(text, start, end)
    if (match := _ARTICLE.match(text, start, end)) and not _OWN_ARTICLE.match(text, start, end):
        start = match.end()
    if label == "PER":
        while match := _TITLE.match(text, start, end):
            start = match.end()
        if match := _POST_NOMINAL.search(text, start, end):
            end = match.start()
    start, end = trim(text, start, end)
    if start < end and text[end - 1] == "." and not _ABBREVIATION.search(text, start, end - 1):
        if not regex.search(r"(?:^|[\s.])\p{L}{1,3}$", text[start : end - 1]):
            end -= 1
    else:
        end = with_stop(text, start, end)
    return start, max(start, end)


def with_stop(text: str, start: int, end: int) -> int:
    """Returns the end of a mention with the full stop of the abbreviation that it ends in, `end` where it has none."""
    stop = _STOP.match(text, end)
    return stop.end() if stop and _ABBREVIATION.search(text, start, end) else end


def _one_line(text: str, start: int, end: int) -> tuple[int, int]:
    if "\n" not in text[start:end]:
        return start, end
    lines = list(regex.compile(r"[^\n]+").finditer(text, start, end))
    longest = max(lines, key=lambda line: line.end() - line.start(), default=None)
    return longest.span() if longest else (start, start)


def _balanced(text: str, start: int, end: int) -> tuple[int, int]:
    """Cuts at a bracket that the mention opens and does not close, or closes and did not open."""
    for opening, closing in zip(_OPENING, _CLOSING, strict=True):
        depth, opened = 0, start
        for position in range(start, end):
            if text[position] == opening:
                opened, depth = (position, 1) if depth == 0 else (opened, depth + 1)
            elif text[position] == closing:
                if depth == 0:
                    return trim(text, start, position) if position - start > end - position else (position + 1, end)
                depth -= 1
        if depth:
            return trim(text, start, opened) if opened > start else (opened + 1, end)
    return start, end


def boundaries(draft: Draft) -> Iterator[Edit]:
    """Wants every mention of a draft to follow the conventions, and none that has nothing left."""
    for mention in draft.mentions:
        start, end = settle(draft.text, mention.start, mention.end, mention.label)
        if not _LETTER.search(draft.text, start, end):
            yield Edit(mention.start, mention.end, None, "nothing left within the conventions")
        elif (start, end) != (mention.start, mention.end):
            yield Edit(start, end, mention.label, moves=True)
