"""Which rules still help a pipeline that has learned from review: decided on documents held out from learning."""

from __future__ import annotations

from collections.abc import Sequence

from gonerd.records import Span

from .boundaries import boundaries
from .consistency import consistent
from .draft import Draft, Mention
from .rules import chosen

Reviewed = tuple[str, Sequence[Span]]


def f1(predicted: Sequence[Sequence[Span]], reviewed: Sequence[Reviewed]) -> float:
    """Returns exact-span micro F1, 1 when nobody marked anything."""
    hits = found = gold = 0
    for spans, (_, right) in zip(predicted, reviewed, strict=True):
        a, b = {s.key for s in spans}, {s.key for s in right}
        hits, found, gold = hits + len(a & b), found + len(a), gold + len(b)
    return 2 * hits / (found + gold) if found + gold else 1.0


def select_rules(predicted: Sequence[Sequence[Span]], reviewed: Sequence[Reviewed]) -> tuple[list[str], float]:
    """Chooses rules greedily, in the order in which they run: one stays when it raises F1 after those before it.

    Args:
        predicted: Spans of the pipeline on held-out texts.
        reviewed: The texts with their right spans.

    Returns:
        Names of the rules, "boundaries" and "consistency" among them, and the F1 that they reach.
    """
    steps = [("boundaries", boundaries), *((rule.name, rule.find) for rule in chosen()), ("consistency", consistent)]
    drafts = [
        Draft(text, [Mention(s.start, s.end, s.label, "trained") for s in spans])
        for spans, (text, _) in zip(predicted, reviewed, strict=True)
    ]
    kept: list[str] = []
    best = _score(drafts, reviewed)
    for name, find in steps:
        before = [draft.mentions for draft in drafts]
        for draft in drafts:
            draft.apply(name, find(draft))
        score = _score(drafts, reviewed)
        if score > best:
            best = score
            kept.append(name)
        else:
            for draft, mentions in zip(drafts, before, strict=True):
                draft.mentions = mentions
    return kept, best


def _score(drafts: Sequence[Draft], reviewed: Sequence[Reviewed]) -> float:
    return f1([[m.span() for m in draft.mentions] for draft in drafts], reviewed)
