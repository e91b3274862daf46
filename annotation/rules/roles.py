"""Roles, defined terms and types of document are no names, however they are capitalised (guidelines 1.2, 1.3)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit, Mention

from . import rule
from ._generic import COMPASS, FUNCTION, NO_NAME, OFFICIAL, TYPES
from ._names import lower_words, words

_NUMBERED = regex.compile(
    r"(?:Section|Sections|Item|Items|Rule|Rules|Exhibit|Exhibits|Instruction|Article|Part|Chapter|Title|Note|Topic|Count"
    r"|Level|Appendix|Annex|Clause|Paragraph|Schedule|Amendment|Table|Figure|Page|Step|Phase)s?\s+[\dIVX(A-H]\S*(?:.*)",
    regex.DOTALL,
)
_NO_LETTERS = regex.compile(r"[^\p{L}]*")
_CODE = regex.compile(r"\d[\d.,\-/%]*s?|\d+:\d+.*|\p{L}?-?\d+(?:-\d+)*|[\d.]+[A-Z]{0,5}")


@rule("roles", 70)
def roles(draft: Draft) -> Iterator[Edit]:
    """Removes mentions that hold no distinctive word."""
    lower = lower_words(draft)
    for mention in draft.mentions:
        if mention.evidence:
            continue
        text = draft.text[mention.start : mention.end]
        reason = _reason(text, mention, lower)
        if reason:
            yield Edit(mention.start, mention.end, None, reason)


def _reason(text: str, mention: Mention, lower: dict[str, int]) -> str:
    if text in NO_NAME or _NO_LETTERS.fullmatch(text) or _CODE.fullmatch(text):
        return "no name"
    if mention.label != "PER" and _NUMBERED.fullmatch(text):
        return "a numbered part"
    found = [word.lower().removesuffix("'s").removesuffix("’s") for word in words(text)]
    content = [word for word in found if word not in FUNCTION]
    if not content:
        return "no name"
    if any(word in OFFICIAL for word in content):
        return ""
    if all(word in TYPES for word in content) and not (mention.label in ("LOC", "MISC") and set(content) <= COMPASS):
        return "types of thing alone"
    if text.isupper() and max(map(len, content)) > 4 and all(lower[w] for w in content if len(w) > 3):
        return "words of a heading in capitals"
    if len(content) == 1 and text == text.lower():
        return "" if mention.label == "MISC" else "no capital"
    if len(content) == 1 and len(text) > 1 and mention.label in ("ORG", "PER") and lower[content[0]] >= 2:
        return "a common word elsewhere in the document"
    if len(content) > 1 and mention.label != "LOC" and all(word in TYPES or lower[word] for word in content):
        return "" if content[-1] not in TYPES else "common words elsewhere in the document"
    return ""
