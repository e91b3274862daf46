"""Law firms: names joined by commas and "&", before LLP, P.C. and the like (guidelines: one ORG)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import AFTER, BEFORE, S

_PARTNER = r"\p{Lu}[\p{L}\p{M}'’\-]+"
_FORM = rf"(?:LLP|PLLC|PC|PA|L\.L\.P\.|P\.{S}?C\.|P\.{S}?A\.|P\.L\.L\.C\.|Solicitors|Chartered|Chambers)"
_FIRM = regex.compile(
    rf"{BEFORE}{_PARTNER}(?:{S}?,{S}?{_PARTNER}|{S}{_PARTNER}){{0,5}}(?:{S}?,?{S}?(?:&|and){S}?{_PARTNER}(?:{S}{_PARTNER})?)?{S}?,?{S}?{_FORM}(?!\p{{L}})"
)
_OFFICES = regex.compile(
    rf"{BEFORE}Law{S}+(?:Offices?|Firm){S}+of{S}+{_PARTNER}(?:{S}(?:\p{{Lu}}\.|{_PARTNER})){{0,3}}{AFTER}"
)
_LEAD = regex.compile(rf"(?:(?:The|By|And|With|At|Of|For|From|Counsel|Attorneys?|Esq){AFTER}[.,]?{S}+)+")


@rule("law_firms", 44)
def law_firms(draft: Draft) -> Iterator[Edit]:
    """Proposes law firms."""
    for pattern in (_FIRM, _OFFICES):
        for match in pattern.finditer(draft.text):
            start, end = match.span()
            if lead := _LEAD.match(draft.text, start, end):
                start = lead.end()
            yield Edit(start, end, "ORG", "a law firm")
