"""Companies and funds by their legal form, bodies by their head noun: the whole name, as ORG."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import FUNCTION, TYPES
from ._names import AFTER, BEFORE, WORD, S, words

_DOTTED = (
    r"L\.?\s?L\.?\s?[CP]|L\.\s?P|P\.?\s?L\.?\s?L\.?\s?C|N\.\s?A|S\.\s?A|N\.\s?V|B\.\s?V|A\.\s?G|P\.\s?C|S\.\s?p\.\s?A"
    r"|s\.\s?r\.\s?o"
)
# Forms that are abbreviations own the full stop after them.
_SHORT = rf"(?:Inc|INC|Corp|CORP|Co|CO|Ltd|LTD|Pvt|PVT|Pte|Pty|{_DOTTED})"
_FULL = (
    "(?:Incorporated|INCORPORATED|Corporation|CORPORATION|Company|COMPANY|Limited|LIMITED|LLC|LLP|LP|PLC|plc|Plc|GmbH|AG|SE|AB"
    "|ASA|AS|Oy|Oyj|SpA|SARL|SAS|SA|NV|BV|KG|KGaA|Bhd|Sdn|Berhad|Bancorp|Bancshares)"
)
_FORM = rf"(?:{_FULL}{AFTER}|{_SHORT}{AFTER}(?:{S}?\.(?!\p{{L}}))?)"
_FORMS_AFTER = regex.compile(rf"(?:{S}+|{S}?,{S}?)({_FORM})(?:{S}?,?{S}?{_FORM})*")
# In capitals these are as often words or initials of something else; a pipeline must have seen a name there.
_DOUBTFUL = {"AS", "SE", "AB", "AG", "SA", "NV", "BV", "CO", "Co", "LP", "KG"}
_NAME = rf"(?:{WORD}|\d+(?=\p{{L}})|\({S}?(?:\p{{Lu}}{{2}}|\p{{Lu}}\p{{Ll}}+){S}?\))"
_GLUE = rf"(?:{S}+|{S}?&{S}?|{S}?-{S}?|(?<=Bank|Trust|University|Insurance|College){S}+of{S}+(?:the{S}+)?)"
_LEGAL = regex.compile(
    rf"{BEFORE}{_NAME}(?:{_GLUE}(?:{_NAME}|\d+{AFTER})){{0,10}}?(?:{S}+|{S}?,{S}?){_FORM}"
    rf"(?:(?:{S}?,?{S}?|{S}?&{S}?){_FORM})*(?:{S}+(?:II|III|IV|V){AFTER}(?:{S}?,{S}?{_FORM})?)?"
)
_FUND = regex.compile(
    rf"{BEFORE}{WORD}(?:(?:{S}+|{S}?&{S}?|{S}+and{S}+|{S}+of{S}+)(?:{WORD}|\d+)){{1,10}}?{S}+"
    rf"(?:Fund|Funds|Trust|Portfolio|Partners|Holdings|Bancorp|Group){AFTER}(?:{S}+(?:\d|II|III|IV|V){AFTER})?(?!{S}+\p{{Lu}}\p{{Ll}})"
)
_LEAD = regex.compile(
    rf"(?:(?:The|This|That|In|On|Of|By|For|Each|Such|And|To|With|From|Both|An?|Our|Between|Among|Under|At|As|All|If|When"
    rf"|Its|His|Her|Their|Mr|Ms|However|While|Also|Dear|Re|Since|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|After|Before|Parent|Subsidiary|About|See|Because|Most|Where"
    rf"|Because|NOTES{S}+TO|FINANCIAL{S}+STATEMENTS(?:{S}+OF)?|REPORT{S}+OF|THE|AND|OF|BY|TO|FOR|IN|PLEASE|SEE){AFTER}{S}+)+"
)
_BODIES = (
    "University|College|Institute|Academy|School|Ministry|Department|Commission|Committee|Council|Agency|Authority|Bureau|Office"
    "|Board|Association|Federation|Union|Society|Foundation|Party|Movement|Front|Alliance|Coalition|Congress|Assembly"
    "|Parliament|Senate|Bank|Court|Tribunal|Corporation|Company|Organisation|Organization|Group|League|Club|Church|Hospital"
    "|Museum|Police|Army|Navy|Force|Forces|Service|Services|Centre|Center|Network|Trust|Fund|Directorate|Secretariat"
    "|Chamber|Confederation|Brotherhood|Guard|Corps|Orchestra|Newspaper|Times|Post|Herald|Tribune|Gazette|Journal"
    "|Broadcasting|Airlines|Airways|Motors|Technologies|Industries|Laboratories|Pharmaceuticals|Television|Radio|Exchange"
)
_BODY = regex.compile(rf"{BEFORE}(?:{_BODIES}){AFTER}")
_MORE = frozenset(
    [
        "Corp",
        "Inc",
        "Ltd",
        "LLC",
        "Mirror",
        "House",
        "Olympics",
        "Celtics",
        "FC",
        "United",
        "Resources",
        "Capital",
        "Partners",
        "Holdings",
        "Media",
        "Bible",
        "Pride",
    ]
)
_LOWER_PLACE = regex.compile(rf"(?:an?|each|every|such){S}+$")


def is_body(word: str) -> bool:
    """Whether a word is the head noun of an organisation's name."""
    return bool(_BODY.fullmatch(word.rstrip("."))) or word.rstrip(".") in _MORE


def with_form(text: str, end: int) -> int:
    """Returns the end of an organisation's name with the legal forms that stand after it, `end` where none does."""
    match = _FORMS_AFTER.match(text, end)
    return end if match is None or match[1] in _DOUBTFUL else match.end()


@rule("organisations", 40)
def organisations(draft: Draft) -> Iterator[Edit]:
    """Proposes names with a legal form, funds, and mentions that end in the name of a kind of body."""
    text = draft.text
    for match in _LEGAL.finditer(text):
        start, end = _begin(draft, *match.span()), match.end()
        name = text[start:end]
        if not _distinctive(name) or _LOWER_PLACE.search(text, max(0, start - 8), start):
            continue
        if words(name)[-1] in _DOUBTFUL and not draft.inside(start, end):
            continue
        yield Edit(start, end, "ORG", "a legal form")
    for match in _FUND.finditer(text):
        start, end = _begin(draft, *match.span()), match.end()
        if any(m.start == start for m in draft.inside(start, end)) and _distinctive(text[start:end]):
            yield Edit(start, end, "ORG", "a fund or group")
    yield from _bodies(draft)


def _begin(draft: Draft, start: int, end: int) -> int:
    """Leaves out function words before the name, and types of thing before the place where a pipeline begins it."""
    text = draft.text
    if lead := _LEAD.match(text, start, end):
        start = lead.end()
    for mention in draft.inside(start, end):
        before = words(text[start : mention.start])
        if mention.start > start and before and all(w.lower() in TYPES or w.lower() in FUNCTION for w in before):
            return mention.start
    return start


def _distinctive(name: str) -> bool:
    content = [w.lower() for w in words(name) if w.lower() not in FUNCTION]
    rest = [w for w in content if w not in TYPES and not regex.fullmatch(rf"{_FULL}|{_SHORT}", w, regex.IGNORECASE)]
    return bool(rest)


def _bodies(draft: Draft) -> Iterator[Edit]:
    for mention in draft.mentions:
        if mention.label == "ORG" or mention.evidence:
            continue
        text = draft.text[mention.start : mention.end]
        last = regex.search(rf"{S}({_BODY.pattern})$", text)
        if last and mention.label in ("PER", "MISC") and _distinctive(text):
            yield Edit(mention.start, mention.end, "ORG", f"its head is {last[1]!r}")
