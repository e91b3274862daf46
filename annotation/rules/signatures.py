"""Names in signature blocks: after "/s/", "By:", "Name:" (guidelines section 5)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit

from . import rule
from ._generic import TYPES
from ._names import S, words

_PART = r"(?:\p{Lu}\.?(?![\p{L}])|\p{Lu}[\p{L}\p{M}'’\-]+)"
_PERSON = rf"{_PART}(?:{S}+{_PART}){{1,3}}(?:{S}?,{S}?(?:Jr|Sr)\.?|{S}+(?:II|III|IV)(?!\p{{L}}))?"
_SIGNED = regex.compile(
    rf"(?:/{S}?[sS]{S}?/|(?<!\p{{L}})(?:By|Name|Signed|Attest|Signature|BY|NAME){S}?:)(?:{S}|_)*(?:/{S}?[sS]{S}?/{S}*)?(?P<name>{_PERSON})"
)


@rule("signatures", 64)
def signatures(draft: Draft) -> Iterator[Edit]:
    """Proposes signatories; a pipeline's own mention that begins there says where the name ends."""
    for match in _SIGNED.finditer(draft.text):
        start, end = match.span("name")
        seen = [m for m in draft.inside(start, end) if m.start == start]
        if seen and seen[0].label == "PER":
            end = seen[0].end
        elif seen and (seen[0].end >= end or seen[0].evidence):
            continue
        if not any(w.lower() in TYPES for w in words(draft.text[start:end])):
            yield Edit(start, end, "PER", "a signature")
