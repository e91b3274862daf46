"""Parties from captions: each its own span with its own label, "v." outside (guidelines section 5)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import TYPES
from ._names import BEFORE, S, words
from .organisations import _FORM, is_body

_ROLES = (
    r"(?:Plaintiffs?|Defendants?|Appellants?|Appellees?|Petitioners?|Respondents?|Debtors?|Claimants?|Intervenors?|Movants?)"
    r"(?:(?:\s?[-–/]\s?|\s+and\s+)(?:Plaintiffs?|Defendants?|Appellants?|Appellees?|Petitioners?|Respondents?|Cross-\w+|Counter-?\w+))*"
)
_PARTY = r"\p{Lu}[\p{L}\p{M}'’.\-&]*(?:,?[^\S\n]+(?:\p{Lu}[\p{L}\p{M}'’.\-&]*|of|and|the|de|van|von|\d+))*"
_BEFORE_ROLE = regex.compile(
    rf"(?m)(?:^|[;:]{S}*|\bv\.{S}*)(?P<name>{_PARTY}\.?){S}*,(?:{S}|\n){{1,3}}(?i:{_ROLES}){S}*[,.;]?{S}*(?:$|v\.|\n|and\b|;)"
)
_END = regex.compile(
    rf"(?:{S}*,)?{S}+(?:et{S}+al\.?|individually.*|as{S}+.*|doing{S}+business.*|d/b/a.*|on{S}+behalf.*)$",
    regex.IGNORECASE,
)
_LINES = 40  # a caption stands at the top


@rule("captions", 62)
def captions(draft: Draft) -> Iterator[Edit]:
    """Proposes the names before "Plaintiff,", "Defendant." and the like at the head of a document."""
    head = 0
    for _ in range(_LINES):
        head = draft.text.find("\n", head) + 1
        if not head:
            head = min(len(draft.text), 6000)
            break
    for match in _BEFORE_ROLE.finditer(draft.text, 0, head):
        start, end = match.span("name")
        if tail := _END.search(draft.text, start, end):
            end = tail.start()
        name = draft.text[start:end]
        found = words(name)
        if not found or all(w.lower() in TYPES for w in found):
            continue
        yield Edit(start, end, _kind(draft, start, end, name), "a party in the caption")


def _kind(draft: Draft, start: int, end: int, name: str) -> str:
    if regex.search(rf"{BEFORE}{_FORM}", name) or any(is_body(w) for w in words(name.title())):
        return "ORG"
    if regex.match(r"(?i)(?:united states|state of|commonwealth of|county of|city of|town of)", name):
        return "LOC"
    seen = draft.inside(start, end)
    if seen and (seen[0].start, seen[0].end) == (start, end):
        return seen[0].label
    return "PER" if 2 <= len(words(name)) <= 4 else "ORG"
