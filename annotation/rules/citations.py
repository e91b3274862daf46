"""Names of cited cases, by the citation after them (eyecite, Free Law Project): one MISC span without the reporter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import AFTER, BEFORE, WORD, S

# eyecite reads a whole opinion in time that grows with its square; what can be a citation is looked for first.
_LIKELY = regex.compile(
    rf"{S}v\.?{S}|{BEFORE}In{S}+re{S}|{BEFORE}\d{{1,4}}{S}\p{{Lu}}[\p{{L}}.\d ]{{0,20}}\d{{1,5}}{AFTER}"
)
_PIECE = regex.compile(r"[^\n]+")
_LONGEST = 4000
_COURTS = 4096  # abbreviations of courts that are remembered
_VERSUS = regex.compile(
    rf"{BEFORE}(?P<first>(?:{WORD}|&|\d+)(?:(?:{S}|,{S}(?=Inc|LLC|Ltd|Co\b|L\.P)|{S}of{S}(?:the{S})?|{S}ex{S}rel\.{S}|{S}and{S}|{S}for{S}(?:the{S})?){{1}}(?:{WORD}|&|\d+)\.?)*)"
    rf"{S}v\.{S}(?P<second>(?:{WORD}|&)(?:(?:{S}|,{S}(?=Inc|LLC|Ltd|Co\b|L\.P)|{S}of{S}(?:the{S})?|{S}for{S}(?:the{S})?){{1}}(?:{WORD}|&|\d+)(?:(?<=Inc|Co|Corp|Ltd|Bros|Dep't|Dist|Ass'n)\.)?)*)"
)
_IN_RE = regex.compile(
    rf"{BEFORE}(?:In{S}+re|Ex{S}+parte|In{S}+the{S}+Matter{S}+of){S}+{WORD}(?:{S}(?:{WORD}|&)(?:(?<=Inc|Co|Corp|Bros)\.)?)*"
)
_SIGNAL = regex.compile(
    rf"(?:(?:See|Cf|Accord|But|Compare|Contra|Under|In|E\.g|Also|Citing|Quoting|Id|The|And|As|Both|Like|Unlike|Following|From|By|With"
    rf"|see|generally|also|e\.g){AFTER}[.,]*{S}+)+"
)


@rule("citations", 60)
def citations(draft: Draft) -> Iterator[Edit]:
    """Proposes the names of cases, full and short."""
    for piece in _PIECE.finditer(draft.text):
        for start, end in _windows(draft.text, *piece.span()):
            yield from _cases(draft, start, end)


def _windows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields stretches of a paragraph that hold likely citations, none longer than eyecite reads at once."""
    first = last = -1
    for match in _LIKELY.finditer(text, start, end):
        if first >= 0 and (match.start() - last > 300 or match.end() - first > _LONGEST):
            yield max(start, first - 200), min(end, last + 100)
            first = -1
        first = match.start() if first < 0 else first
        last = match.end()
    if first >= 0:
        yield max(start, first - 200), min(end, last + 100)


def _cases(draft: Draft, begin: int, stop: int) -> Iterator[Edit]:
    text = draft.text
    cites = _cited(text[begin:stop])
    reached = [begin + c.span()[0] for c in cites]
    for pattern in (_VERSUS, _IN_RE):
        for match in pattern.finditer(text, begin, stop):
            start, end = match.span()
            if pattern is _VERSUS and (lead := _SIGNAL.match(text, start, end)):
                start = lead.end()
            if any(0 <= place - end <= 6 for place in reached):
                yield Edit(start, end, "MISC", "a case, before its citation")
            elif pattern is _IN_RE or not _is_caption(text, match.start(), end):
                yield Edit(start, end, "MISC", "the name of a case")
    for cite in cites:
        place, last = begin + cite.span()[0], begin + cite.span()[1]
        if text[place:last].strip() and text[place].isdigit():
            yield Edit(place, last, None, "a reporter citation")
        name = getattr(cite.metadata, "antecedent_guess", None)
        if type(cite).__name__ in ("ShortCaseCitation", "SupraCitation") and name and name[:1].isupper():
            place = text.rfind(name, max(begin, begin + cite.span()[0] - 80), begin + cite.span()[0])
            if place >= 0 and regex.fullmatch(rf"{S}?,?{S}?", text[place + len(name) : begin + cite.span()[0]]):
                yield Edit(place, place + len(name), "MISC", "a case, by its short citation")


@cache
def _finder() -> Callable[..., list[Any]]:
    from eyecite import get_citations, helpers

    logging.getLogger("eyecite").setLevel(logging.CRITICAL)  # it reports overlapping guesses, which we settle
    # Two thirds of eyecite's time: it compares "2d Cir." with every court there is, anew for every citation.
    helpers.get_court_by_paren = lru_cache(_COURTS)(helpers.get_court_by_paren)
    found: Callable[..., list[Any]] = get_citations
    return found


def _cited(text: str) -> list[Any]:
    return list(_finder()(text, remove_ambiguous=False))


def _is_caption(text: str, start: int, end: int) -> bool:
    """Whether the two sides of "v." are parties of the document itself: their roles stand beside them."""
    around = text[start : end + 60]
    return bool(regex.search(r"\b(?:Plaintiff|Defendant|Appell|Petitioner|Respondent|PLAINTIFF|DEFENDANT)", around))
