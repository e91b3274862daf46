"""Places, events, works and prizes by their last word (guidelines section 2)."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit
from gonerd.annotation.gazetteers import words as gazetteer

from . import rule
from ._generic import FUNCTION, TYPES
from ._names import words

_PLACES = gazetteer("place_heads")
_EVENTS = gazetteer("event_heads")
# Heads of organisations, too; the label of the pipeline stays.
_KEEP_ORG = gazetteer("ambiguous_heads")


@rule("heads", 45)
def heads(draft: Draft) -> Iterator[Edit]:
    """Relabels mentions of several words whose last one is a kind of place or of event."""
    for mention in draft.mentions:
        if mention.evidence:
            continue
        name = draft.text[mention.start : mention.end]
        parts = words(name)
        if len(parts) < 2 or not any(w.lower() not in TYPES and w.lower() not in FUNCTION for w in parts[:-1]):
            continue
        last = parts[-1].lower()
        label = "LOC" if last in _PLACES else "MISC" if last in _EVENTS else ""
        if not label or label == mention.label or (mention.label == "ORG" and last in _KEEP_ORG):
            continue
        if mention.label == "LOC" and label == "MISC" and last in ("trail", "route", "year"):
            continue
        if not regex.search(r"\b(?:of|for)\b", name):
            yield Edit(mention.start, mention.end, label, f"its head is {parts[-1]!r}")
