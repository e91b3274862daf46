"""Forms, accounting standards and indices with a name of their own: MISC (guidelines section 8)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._names import AFTER, BEFORE, WORD, S

_FORM = regex.compile(
    rf"{BEFORE}(?:(?:19|20)\d\d{S}+)?(?:(?:CBP|IRS|SEC|USCIS){S}+)?Forms?{S}+"
    rf"(?:(?:\d{{1,2}}{S}?-{S}?[A-Z]{{1,2}}|[A-Z]{{1,2}}{S}?-{S}?(?:[A-Z]{{1,4}}|\d{{1,3}}[A-Z]?)|\d{{3,4}}(?:-[A-Z]+)?)(?:/A)?){AFTER}"
)
_SCHEDULE = regex.compile(rf"{BEFORE}Schedule{S}+(?:13[DG]|14[A-DN]|TO)(?:/A)?{AFTER}")
_STANDARDS = regex.compile(
    rf"{BEFORE}(?:(?:U\.S\.|US|U\.K\.|UK){S}+)?(?:GAAP|IFRS|FRS){AFTER}"
    rf"|{BEFORE}(?:FASB{S}+)?Accounting{S}+Standards?{S}+(?:Codification|Updates?){AFTER}"
    rf"|{BEFORE}(?:ASC|ASU|SFAS|FAS|EITF|SOX|ERISA|HIPAA|FINRA{S}+Rules|TARP|TALF|LIBOR|SOFR|EURIBOR|Sarbanes{S}?-{S}?Oxley){AFTER}"
)
_INDEX = regex.compile(
    rf"{BEFORE}{WORD}(?:{S}+(?:{WORD}|&|\d+|of|and)|{S}?\({S}?[A-Z]{{2,8}}{S}?\)){{1,12}}?{S}+(?:Index|Indices){AFTER}"
    rf"(?!{S}+Fund)"
)
_PLAN = regex.compile(
    rf"{BEFORE}{WORD}(?:{S}+(?:{WORD}|&|\d+|of|and)){{1,8}}?{S}+"
    rf"(?:Retirement|Savings|Incentive|Pension|Accumulation|Ownership|Purchase|Compensation|401{S}?\({S}?k{S}?\)){S}+Plan{AFTER}"
)
_LEAD = regex.compile(
    rf"(?:(?:The|This|That|In|On|Of|By|For|Each|Such|And|To|With|From|Both|An?|Our|Amended|Restated|Under){S}+)+"
)


@rule("standards", 31)
def standards(draft: Draft) -> Iterator[Edit]:
    """Proposes named forms, standards, indices and plans."""
    for pattern in (_FORM, _SCHEDULE, _STANDARDS):
        for match in pattern.finditer(draft.text):
            yield Edit(*match.span(), "MISC", "a named form or standard")
    for pattern, what in ((_INDEX, "an index"), (_PLAN, "a plan with a name")):
        for match in pattern.finditer(draft.text):
            start, end = match.span()
            if lead := _LEAD.match(draft.text, start, end):
                start = lead.end()
            # A distinctive first word makes the name; a pipeline that saw a mention there says that it is one.
            if any(m.start == start for m in draft.inside(start, end)):
                yield Edit(start, end, "MISC", what)
