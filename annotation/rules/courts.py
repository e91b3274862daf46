"""Courts by their full names, with courts-db (Free Law Project) as the register of those that exist."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import AFTER, BEFORE, WORD, S, any_of

_CIRCUITS = "First|Second|Third|Fourth|Fifth|Sixth|Seventh|Eighth|Ninth|Tenth|Eleventh|D\\.C\\.|Federal"
_KINDS = (
    "Supreme|District|Circuit|Superior|Appellate|Appeals?|Bankruptcy|Municipal|County|Family|Probate|Chancery|Magistrates?|Crown"
    "|High|Constitutional|Criminal|Civil|Common|Claims|Tax|Trade|Juvenile|Land|Surrogate'?s?|Administrative|Federal"
)
_FULL = regex.compile(
    rf"{BEFORE}(?:(?:United{S}+States|U\.{S}?S\.){S}+)?(?:{WORD}{S}+){{0,3}}?(?:(?:{_KINDS}){S}+)+Court(?:{S}+of{S}+(?:{WORD}(?:{S}+{WORD})?))?"
    rf"(?:{S}?,?{S}+(?:for|of|in){S}+the{S}+(?:(?:{WORD}{S}+)?(?:District|Circuit|County|State|Commonwealth){AFTER}(?:{S}+of{S}+(?:the{S}+)?{WORD}(?:{S}+{WORD})?)?))?"
    rf"|{BEFORE}(?:United{S}+States{S}+)?(?:Court|COURT){S}+(?:of|OF){S}+(?:Appeals?|APPEALS?|Claims|Chancery|International{S}+Trade|Common{S}+Pleas|Federal{S}+Claims)"
    rf"(?:{S}+(?:for|of){S}+the{S}+(?:{WORD}{S}+)?(?:District|Circuit){AFTER}(?:{S}+of{S}+{WORD})?|{S}+of{S}+{WORD})?"
)
_CIRCUIT = regex.compile(rf"{BEFORE}(?:{_CIRCUITS}){S}+Circuit{AFTER}(?!{S}+(?:Judge|Justice|Court|Rule))")
_ALL_CAPS = regex.compile(
    rf"{BEFORE}UNITED{S}+STATES{S}+(?:DISTRICT{S}+COURT|BANKRUPTCY{S}+COURT|COURT{S}+OF{S}+APPEALS)"
    rf"(?:{S}+FOR{S}+THE{S}+(?:\p{{Lu}}+{S}+){{0,2}}(?:CIRCUIT|DISTRICT{S}+OF{S}+\p{{Lu}}+(?:{S}+\p{{Lu}}+)?))?"
)
_LEAD = regex.compile(
    rf"(?:(?:The|This|That|In|On|By|And|To|From|A|An|See|When|If|As|Our|Chief|Judge|Justice){AFTER}{S}+)+"
)
_ROLE = regex.compile(
    r"(?:Court|District|Circuit|Appeals?|High|Civil|Criminal|Family|Trial|Federal|\s|of|the)+", regex.IGNORECASE
)


@cache
def _register() -> frozenset[str]:
    """Names of courts, lower-cased, that the register holds as they stand in prose."""
    import courts_db

    return frozenset(court["name"].lower() for court in courts_db.courts if "," not in court["name"])


@cache
def _registered() -> regex.Pattern[str]:
    """Registered names whose words alone do not give a court away, such as the Old Bailey's like."""
    plain = [n for n in _register() if "court" not in n and len(n.split()) > 2]
    return regex.compile(rf"{BEFORE}(?i:{any_of(plain)}){AFTER}") if plain else regex.compile(r"(?!)")


@rule("courts", 43)
def courts(draft: Draft) -> Iterator[Edit]:
    """Proposes courts; what says no more than "District Court" is a role and none."""
    text = draft.text
    if "ourt" in text or "COURT" in text or "Circuit" in text:
        for pattern in (_FULL, _CIRCUIT, _ALL_CAPS):
            for match in pattern.finditer(text):
                start, end = match.span()
                if lead := _LEAD.match(text, start, end):
                    start = lead.end()
                name = text[start:end]
                if start < end and (name.lower() in _register() or not _ROLE.fullmatch(name) or pattern is _CIRCUIT):
                    yield Edit(start, end, "ORG", "a court")
