"""What names look like in running text: shared by the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import regex

from gonerd.annotation.draft import Draft

# One word of a name: a capital, then anything a word may hold; an initial or an abbreviation keeps its full stop.
WORD = r"(?:\p{Lu}\.(?:\p{Lu}\.)*|\p{Lu}[\p{L}\p{M}\d]*(?:['’&/\-–][\p{L}\p{M}\d]+)*)"
# Rules look at one line; a line break ends a paragraph in extracted text.
S = r"[^\S\n]"
BEFORE, AFTER = r"(?<![\p{L}\p{M}\d])", r"(?![\p{L}\p{M}\d])"
_WORDS = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:['’\-–]\p{L}[\p{L}\p{M}]*)*")
_LOWER = regex.compile(r"(?<![\p{L}\p{M}\d.'’\-])\p{Ll}[\p{L}\p{M}]+")


def words(text: str) -> list[str]:
    """Returns the words of a stretch, without numbers and punctuation."""
    return _WORDS.findall(text)


def lower_words(draft: Draft) -> Counter[str]:
    """Counts the words that the document writes with a small letter."""
    found = draft.memo.get("lower_words")
    if found is None:
        found = draft.memo["lower_words"] = Counter(_LOWER.findall(draft.text))
    assert isinstance(found, Counter)
    return found


def any_of(names: Iterable[str]) -> str:
    """Returns a pattern of alternatives, longest first, that takes any run of blanks for a blank."""
    ordered = sorted(set(names), key=lambda name: (-len(name), name))
    return "|".join(
        regex.escape(name, special_only=True, literal_spaces=True).replace(" ", rf"{S}+") for name in ordered
    )
