"""Statutes, treaties, codes, constitutions and named rules: MISC, without section numbers (guidelines section 5)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import TYPES
from ._names import AFTER, BEFORE, WORD, S

_LITTLE = rf"(?:and|of|for|on|to|in|the|of{S}+the|for{S}+the|against|with)"
_JOIN = rf"(?:{S}+|{S}?,{S}?(?:and{S}+)?|{S}+{_LITTLE}{S}+|{S}?[&-]{S}?)"
_YEAR = rf"(?:{S}+(?:of{S}+)?(?:1[6-9]|20)\d\d)?"
_HEADS = (
    "Act|Acts|Code|Codes|Constitution|Treaty|Convention|Conventions|Ordinance|Statute|Directive|Protocol|Accord|Accords"
    "|Covenant|Charter|Amendments?|ACT|CODE"
)
_NAMED = regex.compile(rf"{BEFORE}{WORD}(?:{_JOIN}{WORD}){{0,11}}?{S}+(?:{_HEADS}){AFTER}{_YEAR}")
_OF = regex.compile(
    rf"{BEFORE}(?:Treaty|Convention|Constitution|Statute|Protocol|Code|Charter|Declaration){S}+(?:of|on|for){S}+(?:the{S}+)?"
    rf"{WORD}(?:{_JOIN}{WORD}){{0,8}}{_YEAR}"
)
_LAW = regex.compile(
    rf"{BEFORE}{WORD}(?:{S}+{WORD}){{0,3}}{S}+(?:General{S}+)?(?:Corporation|Company|Partnership){S}+Law{AFTER}"
)
_YEARED = regex.compile(rf"{BEFORE}(?:19|20)\d\d{S}+Act{AFTER}")
_RULES = regex.compile(
    rf"{BEFORE}(?:Federal{S}+Rules{S}+of{S}+(?:Civil|Criminal|Appellate|Bankruptcy){S}+Procedure"
    rf"|Federal{S}+Rules{S}+of{S}+Evidence|Regulation{S}+(?:[A-Z]{{1,2}}(?:{S}?-{S}?[A-Z]{{1,2}})?|FD){AFTER}"
    rf"|Internal{S}+Revenue{S}+Code|Bankruptcy{S}+Code|Uniform{S}+Commercial{S}+Code|Bill{S}+of{S}+Rights"
    rf"|(?:Equal{S}+Protection|Due{S}+Process|Commerce|Supremacy|Establishment|Confrontation|Takings){S}+Clause){AFTER}"
)
_STARTS = regex.compile(
    rf"(?:(?:The|This|That|Under|In|See|Section|Sections|Rule|And|Of|As|By|For|Each|Such|If|When|No|To|With|From|However"
    rf"|Title|Part|Chapter|Article|Item|Both|All|Any|Our|Their|His|Her|Its|A|An){S}+)+"
)
_EMPTY = {"act", "the", "this", "code", "amendment", "charter", "convention", "protocol", "amended", "restated"}


@rule("statutes", 30)
def statutes(draft: Draft) -> Iterator[Edit]:
    """Proposes the names of laws."""
    for pattern in (_NAMED, _OF, _LAW, _YEARED, _RULES):
        for match in pattern.finditer(draft.text):
            start, end = match.span()
            if lead := _STARTS.match(draft.text, start, end):
                start = lead.end()
            name = draft.text[start:end]
            if pattern in (_NAMED, _OF) and _is_type(name):
                continue
            yield Edit(start, end, "MISC", "the name of a law")


def _is_type(name: str) -> bool:
    """Whether a name is a defined term such as "Credit Code" or "Amended Charter"."""
    content = [word.lower() for word in regex.findall(r"\p{L}+", name)]
    if content and content[-1] in ("amendment", "amendments"):
        return (
            not regex.match(r"\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?(?:st|nd|rd|th)\b", name) and content[0] not in _ORDINALS
        )
    if len(content) < 2 or all(word in _EMPTY for word in content):
        return True
    if content[-1] in ("charter", "protocol", "declaration", "directive"):
        return all(word in TYPES or word in _EMPTY or len(word) < 3 for word in content)
    return False


_ORDINALS = set(
    [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ]
)
