"""Full names with their acronym in parentheses: the first gives the second its label, the second the first its borders.

Letters are matched from right to left as by Schwartz and Hearst (2003), "A simple algorithm for identifying
abbreviation definitions in biomedical text".
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import FUNCTION, NO_NAME
from ._names import S
from .organisations import _BODY

_SHORT = regex.compile(
    rf"(?<!{S}){S}*\({S}?(?:(?:the|or|hereinafter|hereafter|collectively|together|known{S}+as){S}*,?{S}*)*[“\"'‘`]{{0,2}}{S}?"
    rf"(?P<short>\p{{Lu}}[\p{{L}}\d&.\-]{{1,9}}){S}?[”\"'’]{{0,2}}{S}?[,);]"
)
_WORD = regex.compile(r"[\p{L}\p{M}\d]+")
_REACH = 140


@rule("acronyms", 35, again=True)
def acronyms(draft: Draft) -> Iterator[Edit]:
    """Proposes acronyms and the full names that they stand for."""
    text = draft.text
    for match in _SHORT.finditer(text):
        short = match["short"].rstrip(".-")
        letters = regex.sub(r"[^\p{L}\d]", "", short)
        if sum(letter.isupper() for letter in letters) < max(2, len(letters) * 0.5) or short in NO_NAME:
            continue
        start = _full(text, match.start(), letters)
        if start is None:
            continue
        label, added = _label(draft, start, match.start())
        if label:
            place = match.start("short")
            yield Edit(place, place + len(short), label, f"short for {text[start : match.start()]!r}")
            if added:
                yield Edit(start, match.start(), label, f"written out for {short!r}")


def _full(text: str, end: int, letters: str) -> int | None:
    """Finds where the name begins whose initials, in order, are `letters`, and that ends at `end`."""
    begin = max(0, end - _REACH)
    begin = max(begin, text.rfind("\n", begin, end) + 1)
    found = [match.span() for match in _WORD.finditer(text, begin, end)]
    left = list(letters.lower())
    start = None
    for first, last in reversed(found):
        word = text[first:last]
        if not left:
            break
        if word.lower() in FUNCTION and word[0].lower() != left[-1]:
            continue
        if not word[0].isupper() and word.lower() not in FUNCTION:
            return None
        # A word may give several of its capitals (SunGard gives S and G), and always gives its first letter.
        capitals = [c.lower() for c in word if c.isupper()] or [word[0].lower()]
        if capitals and left[-len(capitals) :] == capitals:
            del left[-len(capitals) :]
        elif left[-1] == word[0].lower():
            left.pop()
        elif word.lower() in FUNCTION:
            continue
        else:
            return None
        start = first
    return start if not left and start is not None and text[start].isupper() else None


def _label(draft: Draft, start: int, end: int) -> tuple[str | None, bool]:
    seen = draft.inside(start, end)
    if _BODY.search(draft.text, start, end):
        return "ORG", True
    if not seen:
        return None, False
    longest = max(seen, key=lambda m: m.end - m.start)
    label = "ORG" if longest.label == "PER" else longest.label
    if longest.label == "LOC" and (longest.start, longest.end) != (start, end):
        return "ORG", True
    return label, True
