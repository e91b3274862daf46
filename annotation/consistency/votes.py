"""What the mentions of a document say about each of its names: votes by surface, and the forms that belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import regex

from gonerd.annotation.draft import Mention
from gonerd.annotation.rules._generic import FUNCTION, NO_NAME, TYPES

_SPACE = regex.compile(r"\s+")
_FORM = regex.compile(
    r"[\s,]*(?:Inc|Incorporated|Corp|Corporation|Co|Company|Ltd|Limited|LLC|L\.\s?L\.\s?C|LLP|LP|L\.\s?P|PLC|plc|N\.\s?A|S\.\s?A"
    r"|AG|GmbH|AS|Pvt|Pty)(?:\s?\.)?$",
    regex.IGNORECASE,
)
_WORD = regex.compile(r"[\p{L}\p{M}\d]+(?:['’\-][\p{L}\p{M}\d]+)*")
_RULE_WEIGHT = 2.0


def surface(text: str, mention: Mention) -> str:
    """Returns a mention's text with every run of white space as one blank."""
    return _SPACE.sub(" ", text[mention.start : mention.end])


@dataclass
class Name:
    """One surface and what is thought of it.

    Attributes:
        surface: As it is written.
        votes: Weight for each label.
        count: Number of its mentions.
        parent: The fuller form that it is short for, if any.
    """

    surface: str
    votes: dict[str, float] = field(default_factory=dict)
    count: int = 0
    parent: str = ""

    @property
    def label(self) -> str:
        """The label with the most weight."""
        return max(self.votes, key=lambda label: (self.votes[label], label))

    @property
    def share(self) -> float:
        """Its share of the votes."""
        return self.votes[self.label] / sum(self.votes.values())


def count(text: str, mentions: Iterable[Mention]) -> dict[str, Name]:
    """Counts votes by surface; what a rule found counts twice, since it saw evidence."""
    names: dict[str, Name] = {}
    for mention in mentions:
        key = surface(text, mention)
        name = names.setdefault(key, Name(key))
        weight = mention.weight * (_RULE_WEIGHT if mention.source.startswith("rule:") else 1.0)
        name.votes[mention.label] = name.votes.get(mention.label, 0.0) + weight
        name.count += 1
    return names


def link(names: dict[str, Name]) -> None:
    """Lets full forms vote on their short forms and short forms on their full ones.

    A surname or given name takes the label of the person, an organisation's name without its legal form that of the
    organisation, all capitals that of the same letters.
    """
    short = defaultdict(list)
    for name in names.values():
        for form in short_forms(name.surface, name.label):
            if form != name.surface:
                short[form].append(name)
    for form, parents in short.items():
        known = names.get(form)
        votes: dict[str, float] = defaultdict(float)
        for parent in parents:
            votes[parent.label] += sum(parent.votes.values()) * parent.share
        best = max(votes, key=lambda label: (votes[label], label))
        parent = max((p for p in parents if p.label == best), key=lambda p: sum(p.votes.values()))
        if known is None:
            known = names[form] = Name(form)
        for label, weight in votes.items():
            known.votes[label] = known.votes.get(label, 0.0) + weight
        known.parent = parent.surface


def short_forms(name: str, label: str) -> list[str]:
    """Lists the shorter forms under which a name may stand in the same document."""
    found = []
    if label == "PER":
        parts = [part for part in name.split() if len(part) > 1 and part[0].isupper() and not part.endswith(".")]
        if 2 <= len(parts) <= 4 and len(name.split()) <= 6:
            found += [parts[-1], parts[0]]
            if len(parts) > 2:
                found += [" ".join(parts[-2:]), " ".join(parts[:2])]
    elif label == "ORG":
        bare = _FORM.sub("", _FORM.sub("", name))
        if bare and bare != name:
            found.append(bare)
    return [form for form in found if distinctive(form)]


def distinctive(form: str) -> bool:
    """Whether a surface can be a name on its own."""
    content = [w for w in (m[0] for m in _WORD.finditer(form)) if w.lower() not in FUNCTION]
    if not content or form in NO_NAME or len(form) < 2:
        return False
    return not all(w.lower() in TYPES or w.isdigit() for w in content)
