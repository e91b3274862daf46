"""Street addresses: one LOC from the house number to the name of the street (guidelines section 6)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import AFTER, BEFORE, WORD, S

_STREETS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Way|Court|Ct|Place|Pl|Plaza|Square|Sq|Parkway|Pkwy|Highway|Hwy"
    "|Terrace|Circle|Turnpike|Row|Quay|Wharf|STREET|AVENUE|ROAD|DRIVE"
)
_STREET = regex.compile(
    rf"{BEFORE}(?:\d{{1,6}}(?:-\d+)?[A-Z]?|One|Two|Three|Four|Five){S}+(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West){S}?\.?{S}+)?"
    rf"(?:\d+(?:st|nd|rd|th){S}+|{WORD}{S}+){{1,4}}(?:{_STREETS}){AFTER}(?:(?<=St|Ave|Rd|Blvd|Dr|Ln|Pl|Sq|Pkwy|Hwy){S}?\.)?"
)
_CITY = regex.compile(
    rf"(?P<city>{WORD}(?:{S}{WORD}){{0,3}}){S}?,{S}?(?P<state>A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]"
    rf"|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]){S}+\d{{5}}(?:-\d{{4}})?{AFTER}"
)
_ANY = regex.compile(rf"(?:{_STREETS}){AFTER}")


@rule("addresses", 48)
def addresses(draft: Draft) -> Iterator[Edit]:
    """Proposes streets with a house number, and city and state before a postal code."""
    for match in _STREET.finditer(draft.text):
        yield Edit(match.start(), match.end(), "LOC", "a street address")
    for match in _CITY.finditer(draft.text):
        if not _ANY.search(match["city"]):
            yield Edit(*match.span("city"), "LOC", "a city before its postal code")
        yield Edit(*match.span("state"), "LOC", "a state before a postal code")
