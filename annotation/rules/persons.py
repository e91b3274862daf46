"""Persons by what stands before and after: titles, ages, verbs of saying; hyphened given names in one piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit, Mention

from . import rule
from ._generic import TYPES
from ._names import AFTER, BEFORE, S, lower_words, words

_PART = r"(?:\p{Lu}\.|\p{Lu}[\p{L}\p{M}]*(?:['’\-–]\p{L}[\p{L}\p{M}]*)*)"
_PARTICLE = r"(?:de|da|di|du|del|della|dos|van|von|der|den|bin|ibn|al|el|la|le|ul|wa|y)"
_NAME = rf"{_PART}(?:{S}+(?:{_PARTICLE}{S}+){{0,2}}{_PART}|{S}?-{S}?{_PART}){{0,4}}"
# Only before persons; a chief, a president and a general are also heads of things.
_TITLED = regex.compile(
    rf"{BEFORE}(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Messrs|Rev|Hon|Sen|Rep|Gov|Lt|Col|Capt|Sgt|Gen|Maj|MR|MRS|MS|DR|Adv|Engr|Shri|Smt)"
    rf"(?:{S}?\.)?{S}+(?P<name>{_NAME})"
)
_RANK = regex.compile(
    rf"(?:Professor|President|Senator|Governor|Judge|Justice|Minister|Chancellor|Secretary|King|Queen|Prince|Princess|Sheikh"
    rf"|Imam|Pope|Bishop|Archbishop|Cardinal|Captain|Colonel|General|Lieutenant|Sergeant|Detective|Officer|Inspector|Ambassador"
    rf"|Congressman|Congresswoman|Councillor|Councilman|Commissioner|Chairman|Chairwoman|Chairperson|Director|Premier|Mayor"
    rf"|Pastor|Father|Sister|Rabbi|Lord|Lady|Sir|Dame|Baroness|Coach|actor|actress|singer|activist|lawyer|author|journalist"
    rf"|director|spokesman|spokeswoman|spokesperson|minister|president|leader|chairman|CEO|widow|son|daughter|wife|husband"
    rf"|brother|sister|father|mother|named){S}+$"
)
_LED = regex.compile(
    rf"(?:(?:King|Queen|Prince|Princess|Crown{S}+Prince|Emperor|Sultan|Sheikh|Imam|Pope|Bishop|Archbishop|Cardinal|Judge|Justice|Barrister"
    rf"|Senator|Governor|President|Captain|Colonel|Chief{S}+Justice|Dr|Mr|Mrs|Ms|Md|Prof|Professor|Sir|Lord|Pastor|Rabbi|Advocate)"
    rf"(?:{S}?\.)?{S}+)+(?=\p{{Lu}})"
)
_AGE = regex.compile(rf"{S}?,{S}?(?:aged{S}+)?[1-9]\d{S}?[,.]")
_GIVEN_TAIL = regex.compile(rf"{S}?-{S}?\p{{Ll}}{{2,5}}{AFTER}")
_ACRONYM = regex.compile(r"[\p{Lu}\d&.\-]+")


@rule("persons", 50)
def persons(draft: Draft) -> Iterator[Edit]:
    """Proposes persons that a title names, and relabels mentions whose surroundings only a person has."""
    text, lower = draft.text, lower_words(draft)
    for match in _TITLED.finditer(text):
        start, end = match.span("name")
        first = text[start:end].split()[0]
        if first.lower().strip(".") in TYPES:
            continue
        seen = draft.inside(start, end)
        if len(seen) == 1 and seen[0].start == start and seen[0].end < end:
            end = seen[0].end if seen[0].label == "PER" else end
        yield Edit(start, _tail(text, start, end, lower), "PER", "a title before it")
    for mention in draft.mentions:
        if mention.label == "PER":
            end = _tail(text, mention.start, mention.end, lower)
            if end > mention.end and len(text[mention.start : mention.end].split()) > 1:
                yield Edit(mention.start, end, "PER", "a hyphened given name")
        elif led := _LED.match(text, mention.start, mention.end):
            if not _is_type(text[led.end() : mention.end]):
                yield Edit(led.end(), mention.end, "PER", f"after {led[0].strip()!r}")
        elif evidence := _evidence(text, mention):
            yield Edit(mention.start, _tail(text, mention.start, mention.end, lower), "PER", evidence)


def _tail(text: str, start: int, end: int, lower: Counter[str]) -> int:
    """Takes in the second half of a given name such as Jae-in, which a tokenizer parts from its first."""
    match = _GIVEN_TAIL.match(text, end)
    if not match or regex.search(r"-\s?\p{Ll}+$", text[start:end]):
        return end
    tail = match[0].strip(" -")
    return end if tail in _COMMON or lower[tail] > 2 * text.count(match[0]) else match.end()


_COMMON = frozenset(
    [
        "led",
        "based",
        "style",
        "born",
        "era",
        "like",
        "run",
        "owned",
        "held",
        "free",
        "made",
        "type",
        "old",
        "free",
        "wide",
        "backed",
        "bound",
        "aged",
    ]
)


def _is_type(name: str) -> bool:
    found = words(name)
    return not found or found[-1].lower() in TYPES or bool(regex.search(r"\b(?:of|and|for|the)\b|\d|&", name))


def _evidence(text: str, mention: Mention) -> str:
    name = text[mention.start : mention.end]
    if mention.label != "ORG" or _ACRONYM.fullmatch(name) or len(words(name)) > 3 or _is_type(name):
        return ""
    if before := _RANK.search(text, max(0, mention.start - 20), mention.start):
        return f"after {before[0].strip()!r}"
    if _AGE.match(text, mention.end, mention.end + 12):
        return "an age after it"
    return ""
