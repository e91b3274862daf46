"""What is believed about one document while it is annotated: its text, and mentions that rules may still change."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from gonerd.records import Span


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention and why it is believed.

    Attributes:
        start: First character, in code points of the document's text.
        end: After the last character.
        label: A core label.
        source: What produced it: a pipeline's name and version, or "rule:NAME".
        weight: How much it counts against other opinions.
        evidence: What the rule saw, for the reviewer; empty for a pipeline's own mention.
        others: What else was thought of this stretch, for instance "PERSON by en_core_web_sm-3.8.0".
        score: Share of the votes in 0..1, None where nothing was voted on.
    """

    start: int
    end: int
    label: str
    source: str
    weight: float = 1.0
    evidence: str = ""
    others: tuple[str, ...] = ()
    score: float | None = None

    def span(self) -> Span:
        """The record of this mention; source, evidence and alternatives are its provenance."""
        parts = [self.source, self.evidence, "instead of " + ", ".join(self.others) if self.others else ""]
        return Span(self.start, self.end, self.label, self.score, "; ".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Edit:
    """What a rule wants: the stretch to be one mention of `label`, or to hold none when that is None.

    Attributes:
        start: First character.
        end: After the last.
        label: Core label or None.
        evidence: What the rule saw.
        weak: Whether an existing mention that shares a character with it wins.
        moves: Whether it only moves the borders of the mention there, which keeps its source.
    """

    start: int
    end: int
    label: str | None
    evidence: str = ""
    weak: bool = False
    moves: bool = False


@dataclass
class Draft:
    """A text with non-overlapping mentions in order.

    Attributes:
        text: The document's text.
        mentions: In order; replaced, never changed in place.
        effects: How many mentions each rule "added", "changed" and "removed", by (rule, what).
        memo: Place for what several rules compute from the text, by name.
    """

    text: str
    mentions: list[Mention]
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    memo: dict[str, Any] = field(default_factory=dict)

    def inside(self, start: int, end: int) -> list[Mention]:
        """Returns the mentions that share a character with a stretch."""
        first = bisect_left(self.mentions, start, key=lambda m: m.end - 1)
        found = []
        for mention in self.mentions[first:]:
            if mention.start >= end:
                break
            found.append(mention)
        return found

    def apply(self, rule: str, edits: Iterable[Edit]) -> None:
        """Carries out what a rule wants.

        Of edits that overlap, the longer one is taken, then the earlier one.

        Args:
            rule: Name of the rule.
            edits: In any order.
        """
        kept: list[Mention] = []
        old = iter(self.mentions)
        waiting = next(old, None)
        for edit in _without_overlaps(map(self._trimmed, edits)):
            while waiting is not None and waiting.end <= edit.start:
                kept.append(waiting)
                waiting = next(old, None)
            before: list[Mention] = []
            # A mention that an earlier edit met and left as it was may reach into this one too.
            while kept and kept[-1].end > edit.start:
                before.insert(0, kept.pop())
            while waiting is not None and waiting.start < edit.end:
                before.append(waiting)
                waiting = next(old, None)
            kept += self._settle(rule, edit, before)
        if waiting is not None:
            kept.append(waiting)
        kept += old
        self.mentions = kept

    def _trimmed(self, edit: Edit) -> Edit:
        """Leaves out white space at the borders; a layer must not hold it, whatever a rule says."""
        text, start, end = self.text, edit.start, edit.end
        if start >= end or not (text[start].isspace() or text[end - 1].isspace()):
            return edit
        inner = text[start:end].strip()
        start = text.index(inner, start) if inner else start
        return replace(edit, start=start, end=start + len(inner))

    def _settle(self, rule: str, edit: Edit, before: list[Mention]) -> Iterator[Mention]:
        if before and (edit.weak or _within_known(edit, before)):
            yield from before
            return
        if edit.label is None:
            self.effects[rule, "removed"] += len(before)
            return
        if len(before) == 1 and (before[0].start, before[0].end, before[0].label) == (
            edit.start,
            edit.end,
            edit.label,
        ):
            yield before[0] if before[0].evidence else replace(before[0], evidence=edit.evidence)
            return
        self.effects[rule, "changed" if before else "added"] += 1
        if edit.moves and len(before) == 1:
            yield replace(before[0], start=edit.start, end=edit.end)
            return
        self.effects[rule, "removed"] += max(0, len(before) - 1)
        others = tuple(dict.fromkeys(opinion for m in before for opinion in self._opinions(m, edit)))
        yield Mention(edit.start, edit.end, edit.label, f"rule:{rule}", 1.0, edit.evidence, others)

    def _opinions(self, mention: Mention, edit: Edit) -> Iterator[str]:
        same = (mention.start, mention.end) == (edit.start, edit.end)
        where = "" if same else f" {self.text[mention.start : mention.end]!r}"
        yield f"{mention.label}{where} by {mention.source}"
        yield from mention.others


def _within_known(edit: Edit, before: list[Mention]) -> bool:
    """Whether a longer name that a rule has evidence for holds the stretch; it stays the outermost name."""
    return any(
        m.evidence and m.start <= edit.start and edit.end <= m.end and (m.start, m.end) != (edit.start, edit.end)
        for m in before
    )


def _without_overlaps(edits: Iterable[Edit]) -> list[Edit]:
    ordered = sorted((e for e in edits if e.start < e.end), key=lambda e: (e.start, -e.end))
    chosen: list[Edit] = []
    for edit in ordered:
        if chosen and edit.start < chosen[-1].end:
            if edit.end - edit.start > chosen[-1].end - chosen[-1].start:
                chosen[-1] = edit
            continue
        chosen.append(edit)
    return chosen
