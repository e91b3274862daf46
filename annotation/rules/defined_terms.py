"""Defined terms: `Acme Holdings, Inc. ("Acme" or the "Company")` makes Acme a name, and the Company none."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import FUNCTION, TYPES
from ._names import WORD, S, words

_OPEN = r"(?:[“\"‘]|``|'')"
_CLOSE = r"(?:[”\"’]|'')"
_TERMS = regex.compile(rf"\({S}?(?=[^()\n]{{0,12}}?(?:{_OPEN}|the{S}))(?P<inside>[^()\n]{{2,200}})\)")
_QUOTED = regex.compile(rf"{_OPEN}{S}?(?P<term>{WORD}(?:{S}+(?:{WORD}|\d+|of|and|&))*){S}?[,.]?{S}?{_CLOSE}")
_BARE = regex.compile(
    rf"(?:^|,|\bor\b|\band\b){S}*(?:(?:collectively|together|hereinafter|individually|each){S}*,?{S}*)*(?:the|an?|each{S}+an?)?{S}*"
    rf"(?P<term>{WORD}(?:{S}+(?:{WORD}|\d+))*){S}*(?=$|,|\bor\b|\band\b)"
)
_REACH = 160
_BETWEEN = regex.compile(r"[^.;()]*(?:\([^()]*\)[^.;()]*)?")


@rule("defined_terms", 55)
def defined_terms(draft: Draft) -> Iterator[Edit]:
    """Gives an alias the label of the name that it stands for, and removes aliases that are roles."""
    for match in _TERMS.finditer(draft.text):
        before = draft.inside(max(0, match.start() - _REACH), match.start())
        if not before:
            continue
        name = before[-1]
        gap = draft.text[name.end : match.start()]
        if len(gap.strip()) > 90 or "\n" in gap or not _BETWEEN.fullmatch(gap):
            continue
        inside = match["inside"]
        pattern = _QUOTED if regex.search(_OPEN, inside) else _BARE
        for term in pattern.finditer(inside):
            start = match.start("inside") + term.start("term")
            end = match.start("inside") + term.end("term")
            surface = draft.text[start:end]
            full = draft.text[name.start : name.end]
            if is_role(surface):
                yield Edit(start, end, None, f"a role of {full!r}")
            elif _short_of(surface, full):
                yield Edit(start, end, name.label, f"defined for {full!r}")


def is_role(term: str) -> bool:
    """Whether a term holds no word but types of thing, such as the Company or the Fund."""
    return all(word.lower() in TYPES or word.lower() in FUNCTION for word in words(term))


def _short_of(term: str, full: str) -> bool:
    """Whether a term keeps a distinctive word of the full name, or its initials."""
    own = [w.lower() for w in words(term) if w.lower() not in FUNCTION]
    of_full = [w.lower() for w in words(full)]
    kept = [w for w in own if w in of_full and w not in TYPES]
    initials = "".join(w[0] for w in of_full if w not in FUNCTION)
    return bool(kept) or (len(own) == 1 and len(own[0]) > 1 and own[0].startswith(initials[:2]) and term.isupper())
