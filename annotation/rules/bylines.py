"""Bylines and datelines of news: "By Ana Ruiz", "WATERFORD, Vermont (Kestrel) —"."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import TYPES
from ._names import S, words

_PART = r"(?:\p{Lu}\.|\p{Lu}[\p{L}\p{M}'’\-]+)"
_PERSON = rf"{_PART}(?:{S}+{_PART}){{1,3}}"
_BYLINE = regex.compile(
    rf"(?m)^{S}*(?:By|BY|Story by|Written by|Text:){S}+(?P<first>{_PERSON})"
    rf"(?:(?:{S}+and{S}+|{S}*,{S}*)(?P<second>{_PERSON}))?{S}*(?:$|,|\||–|—)"
)
_DATELINE = regex.compile(
    rf"(?m)^{S}*(?P<city>\p{{Lu}}{{2}}[\p{{Lu}}'’.\-]*(?:{S}\p{{Lu}}[\p{{Lu}}'’.\-]+){{0,3}})"
    rf"(?:{S}?,{S}?(?P<region>\p{{Lu}}[\p{{L}}.]+(?:{S}\p{{Lu}}[\p{{L}}.]+)?)(?:{S}?,{S}?[\p{{L}}.]*{S}?\d{{1,2}}(?:{S}?,{S}?\d{{4}})?)?)?"
    rf"(?:{S}*\((?P<agency>\p{{Lu}}[\p{{L}} .&/]{{1,30}}?){S}*\))?{S}*(?:—|–|--|:|{S}-{S})"
)
_MONTH = regex.compile(r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)", regex.IGNORECASE)


@rule("bylines", 66)
def bylines(draft: Draft) -> Iterator[Edit]:
    """Proposes authors as PER, the city and region of a dateline as LOC, its agency as ORG."""
    for match in _BYLINE.finditer(draft.text):
        for group in ("first", "second"):
            if match[group] and not any(w.lower() in TYPES for w in words(match[group])):
                yield Edit(*match.span(group), "PER", "a byline")
    for match in _DATELINE.finditer(draft.text):
        if all(w.lower() in TYPES for w in words(match["city"])) or not (
            match["region"] or match["agency"] or len(match["city"]) > 3
        ):
            continue
        if match["region"] is None and match["agency"] is None and not draft.inside(*match.span("city")):
            continue  # a heading in capitals; nothing says that it is a place
        yield Edit(*match.span("city"), "LOC", "a dateline")
        if match["region"] and not _MONTH.match(match["region"]):
            yield Edit(*match.span("region"), "LOC", "a dateline")
        if match["agency"]:
            yield Edit(*match.span("agency"), "ORG", "the agency of a dateline")
