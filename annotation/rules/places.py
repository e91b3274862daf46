"""Countries, states of the United States, nationalities and peoples, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from gonerd.annotation.draft import Draft, Edit
from gonerd.annotation.gazetteers import lines, words

from . import rule
from ._names import AFTER, BEFORE, S, any_of

# CLDR writes some names as nobody does in running text, and lacks the continents' and unions' common ones.
_MORE = lines("places")
# Names of countries and states that are as often those of people, firms or things.
_DOUBTFUL = {
    "Georgia",
    "Jordan",
    "Chad",
    "Virginia",
    "Washington",
    "world",
    "Guernsey",
    "Jersey",
    "Turkey",
    "Mali",
    "EU-27",
}
_NO_PLACES = {
    "European Union",
    "United Nations",
    "Eurozone",
    "Outlying Oceania",
}  # CLDR gives them codes of territories
_DEMONYMS = words("demonyms")
_INITIALS = regex.compile(
    rf"{BEFORE}U{S}?\.{S}?(?:S{S}?\.{S}?A|S|K|A{S}?\.{S}?E){S}?\.|{BEFORE}US{AFTER}(?!{S}?[$D])|{BEFORE}(?:USA|UK|UAE){AFTER}"
)
_STATE_OF = regex.compile(rf"{BEFORE}(?:State|Commonwealth|STATE|Republic|Kingdom){S}+(?:of|OF){S}+(?:the{S}+)?$")
_PART_OF_NAME = regex.compile(rf"^{S}*(?:&{S}*\p{{Lu}}|\p{{Lu}}\p{{Ll}}|-{S}?\p{{Lu}})")
_AFTER_NAME = regex.compile(rf"(?:[\p{{Lu}}][\w&.]*|\bof|\bfor|&|-){S}*$")


@cache
def _places() -> regex.Pattern[str]:
    from babel import Locale

    territories = Locale("en").territories
    names = [name for code, name in territories.items() if code.isalpha() and "(" not in name and "&" not in name]
    names += _MORE
    names = [n for n in names if n[:1].isupper() and not n.isupper() and n not in _NO_PLACES]
    return regex.compile(rf"{BEFORE}(?:{any_of(names)}){AFTER}")


@cache
def _peoples() -> regex.Pattern[str]:
    from babel import Locale

    languages = [n for n in Locale("en").languages.values() if regex.fullmatch(r"\p{Lu}\p{Ll}{4,}", n)]
    stems = [*_DEMONYMS, *languages]
    return regex.compile(rf"{BEFORE}(?:{any_of(stems)})(?:s|men|man|women|woman)?{AFTER}")


@rule("places", 20)
def places(draft: Draft) -> Iterator[Edit]:
    """Proposes countries and states as LOC, nationalities as MISC, where they stand alone."""
    text = draft.text
    for match in _INITIALS.finditer(text):
        yield from _alone(draft, *match.span(), "LOC", "initials of a country")
    for match in _places().finditer(text):
        start, end = match.span()
        if before := _STATE_OF.search(text, max(0, start - 40), start):
            start = before.start()
        yield from _alone(draft, start, end, "LOC", "a country or state", text[match.start() : end] in _DOUBTFUL)
    for match in _peoples().finditer(text):
        # A language's name is also many a person's (Chamorro, Hindi); a demonym in the list is hardly ever.
        doubtful = match[0].removesuffix("s") not in _DEMONYMS
        yield from _alone(draft, *match.span(), "MISC", "a people, nationality or language", doubtful)


def _alone(draft: Draft, start: int, end: int, label: str, evidence: str, doubtful: bool = False) -> Iterator[Edit]:
    """Wants the stretch as a name of its own, unless it is part of a longer one."""
    seen = draft.inside(start, end)
    if not seen:
        after_name = _AFTER_NAME.search(draft.text, max(0, start - 20), start)
        # A nationality may stand before a name, a country hardly ever does.
        before_name = label == "LOC" and _PART_OF_NAME.match(draft.text, end, end + 8)
        if not (after_name or before_name or (label == "LOC" and doubtful)):
            yield Edit(start, end, label, evidence, weak=True)
    elif len(seen) == 1 and (seen[0].start, seen[0].end) == (start, end) and seen[0].label != label:
        if not doubtful and seen[0].label in (("ORG", "PER", "MISC") if label == "LOC" else ("ORG", "PER", "LOC")):
            yield Edit(start, end, label, evidence)
    elif all(start <= m.start and m.end <= end for m in seen):
        yield Edit(start, end, label, evidence)
