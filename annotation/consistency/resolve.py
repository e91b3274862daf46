"""Resolves every name of a document once: relabels its mentions by vote, and marks those that were missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import regex

from gonerd.annotation.draft import Draft, Edit
from gonerd.annotation.rules._names import lower_words

from .votes import Name, count, distinctive, link, surface

_CAPITAL = regex.compile(r"(?<![\p{L}\p{M}\d])\p{Lu}[\p{L}\p{M}\d]*")
_BEFORE = regex.compile(r"(?:\p{Lu}[\p{L}\p{M}]*|&)[ ]?[\- ]?$")
_AFTER = regex.compile(r"[ ]?[\-&]?[ ]?\p{Lu}")
_WEAKEST = 1.5


def consistent(draft: Draft) -> Iterator[Edit]:
    """Wants the same label for the same name everywhere in a document.

    Args:
        draft: After the rules.

    Yields:
        Edits with the votes, or the fuller form, as evidence.
    """
    names = count(draft.text, draft.mentions)
    link(names)
    yield from _relabelled(draft, names)
    yield from _missed(draft, names)


def _relabelled(draft: Draft, names: dict[str, Name]) -> Iterator[Edit]:
    for mention in draft.mentions:
        name = names[surface(draft.text, mention)]
        if mention.label != name.label and not mention.source.startswith("rule:") and name.share > 0.5:
            yield Edit(mention.start, mention.end, name.label, _evidence(name))


def _evidence(name: Name) -> str:
    votes = ", ".join(f"{label} {weight:g}" for label, weight in sorted(name.votes.items(), key=lambda item: -item[1]))
    return f"votes in the document: {votes}" + (f"; short for {name.parent!r}" if name.parent else "")


def _missed(draft: Draft, names: dict[str, Name]) -> Iterator[Edit]:
    text, lower = draft.text, lower_words(draft)
    by_first: dict[str, list[Name]] = defaultdict(list)
    for name in list(names.values()):
        if not _spreads(name, lower):
            continue
        for form in {name.surface, name.surface.upper()} if len(name.surface) > 4 else {name.surface}:
            first = _CAPITAL.match(form)
            if first:
                by_first[first[0]].append(name if form == name.surface else Name(form, name.votes, 0, name.surface))
    for same in by_first.values():
        same.sort(key=lambda n: -len(n.surface))
    end = 0
    for word in _CAPITAL.finditer(text):
        if word.start() < end:
            continue
        for name in by_first.get(word[0], ()):
            stop = word.start() + len(name.surface)
            if text.startswith(name.surface, word.start()) and not text[stop : stop + 1].isalnum():
                end = stop
                if not draft.inside(word.start(), stop) and _stands_alone(text, word.start(), stop):
                    yield Edit(word.start(), stop, name.label, _evidence(name), weak=True)
                break


def _spreads(name: Name, lower: dict[str, int]) -> bool:
    """Whether unmarked occurrences of a name may be marked: it is distinctive, and agreed on."""
    if name.share < 0.6 or not distinctive(name.surface) or (sum(name.votes.values()) < _WEAKEST and not name.parent):
        return False
    if " " in name.surface:
        return True
    return len(name.surface) > 2 and not lower.get(name.surface.lower()) and not name.surface.islower()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the words around do not make it part of a longer name."""
    after = _AFTER.match(text, end, end + 4)
    before = _BEFORE.search(text, max(0, start - 24), start)
    return not after and not before
