"""Ministries, agencies and international bodies by their full official names, which may consist of ordinary words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from gonerd.annotation.draft import Draft, Edit
from gonerd.annotation.gazetteers import lines
from gonerd.annotation.gazetteers import words as gazetteer

from . import rule
from ._names import AFTER, BEFORE, S, any_of

_FIELDS = (
    "Agriculture|Commerce|Communications|Culture|Defen[cs]e|Development|Economy|Economic{S}+Affairs|Education|Employment"
    "|Energy|Environment|Finance|Fisheries|Foreign{S}+Affairs|Foreign|Health|Higher{S}+Education|Home{S}+Affairs|Housing"
    "|Human{S}+Services|Immigration|Industry|Information|Infrastructure|Intelligence|Interior|Internal{S}+Affairs|Justice"
    "|Labou?r|Mines|National{S}+Security|Natural{S}+Resources|Planning|Public{S}+Health|Public{S}+Security|Public{S}+Works"
    "|Science|Security|Social{S}+Development|State|Technology|Tourism|Trade|Transport|Transportation|Treasury|Veterans{S}+Affairs"
    "|Water|Women|Works|Youth|Sports?|Homeland{S}+Security"
).replace("{S}", S)
_FIELD = rf"(?:{_FIELDS})"
_MINISTRY_OF = regex.compile(
    rf"{BEFORE}(?:Ministry|Department|MINISTRY|DEPARTMENT){S}+(?:of|for|OF){S}+(?:the{S}+)?{_FIELD}{AFTER}"
    rf"(?:(?:{S}?,{S}?{_FIELD})*(?:{S}?,)?{S}+and{S}+{_FIELD}{AFTER})?"
)
_FIELD_MINISTRY = regex.compile(rf"{BEFORE}{_FIELD}{S}+(?:Ministry|Department){AFTER}")
_BODIES = lines("bodies")
_INITIALS = sorted(gazetteer("bodies_acronyms"))
_STATE_INITIALS = rf"(?:U{S}?\.{S}?(?:N|E){S}?\.)"


@cache
def _official() -> regex.Pattern[str]:
    return regex.compile(rf"{BEFORE}(?:U\.S\.{S}+)?(?:{any_of(_BODIES)}){AFTER}")


@cache
def _acronyms() -> regex.Pattern[str]:
    return regex.compile(rf"{BEFORE}(?:{any_of(_INITIALS)}|{_STATE_INITIALS}){AFTER}(?!{S}?[-/&]{S}?\p{{Lu}})")


@rule("agencies", 42, again=True)
def agencies(draft: Draft) -> Iterator[Edit]:
    """Proposes public bodies; within a longer mention of an organisation they are part of its name."""
    text = draft.text
    for pattern in (_MINISTRY_OF, _FIELD_MINISTRY, _official(), _acronyms()):
        for match in pattern.finditer(text):
            start, end = match.span()
            seen = draft.inside(start, end)
            holder = next((m for m in seen if m.start <= start and end <= m.end), None)
            if holder is not None and holder.label == "ORG":
                yield Edit(holder.start, holder.end, "ORG", f"holds {match[0]!r}")
            elif holder is None or (holder.start, holder.end) == (start, end):
                yield Edit(start, end, "ORG", "an official name")
