"""Aliases without quotes: `Tern Global Value Fund (Global Value)` makes Global Value a name (guidelines, section 3)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import WORD, S, words
from .defined_terms import is_role

_ALIAS = regex.compile(rf"\({S}?(?P<term>{WORD}(?:{S}+(?:{WORD}|\d+))*){S}?\)")
_REACH = 160


@rule("aliases", 56, again=True)
def aliases(draft: Draft) -> Iterator[Edit]:
    """Gives an alias, some words of the name right before it in their order, the label of that name."""
    for match in _ALIAS.finditer(draft.text):
        before = draft.inside(max(0, match.start() - _REACH), match.start())
        if not before or draft.text[before[-1].end : match.start()].strip():
            continue
        full = draft.text[before[-1].start : before[-1].end]
        own, of_full = words(match["term"]), words(full)
        rest = iter(of_full)
        if len(own) < len(of_full) and all(word in rest for word in own) and not is_role(match["term"]):
            yield Edit(*match.span("term"), before[-1].label, f"short for {full!r}")
