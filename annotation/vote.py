"""Several pipelines as one annotator: a weighted vote that leaves its minority visible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from .draft import Mention


def vote(proposals: Sequence[list[Mention]], weights: Sequence[float]) -> list[Mention]:
    """Merges what several pipelines found in one text.

    A stretch holds a mention when pipelines with at least half of all weight mark something there. Of the mentions
    proposed there the one with the most weight for exactly its borders and label is taken, then the one with the most
    for its borders, then the longest.

    Args:
        proposals: The mentions of each pipeline, in order and not overlapping.
        weights: The weight of each pipeline.

    Returns:
        Mentions in order; `score` is the share of the weight that agrees exactly, `others` what was outvoted.
    """
    if len(proposals) == 1:
        return list(proposals[0])
    total = sum(weights)
    found: list[Mention] = []
    for group in _groups(proposals):
        chosen = group
        while chosen:
            best, support = _best(chosen, weights)
            touching = [(i, m) for i, m in chosen if m.start < best.end and best.start < m.end]
            if sum(weights[i] for i in {i for i, _ in touching}) * 2 >= total:
                others = [f"{m.label} by {m.source}" for _, m in touching if _key(m) != _key(best)]
                sources = " + ".join(sorted({m.source for _, m in touching if _key(m) == _key(best)}))
                found.append(replace(best, source=sources, others=tuple(others), score=support / total))
            chosen = [pair for pair in chosen if pair not in touching]
    return sorted(found, key=_key)


def _key(mention: Mention) -> tuple[int, int, str]:
    return mention.start, mention.end, mention.label


def _groups(proposals: Sequence[list[Mention]]) -> list[list[tuple[int, Mention]]]:
    """Parts all proposals into runs of mentions that overlap, directly or through others."""
    flat = sorted(((i, m) for i, mentions in enumerate(proposals) for m in mentions), key=lambda p: _key(p[1]))
    groups: list[list[tuple[int, Mention]]] = []
    end = -1
    for i, mention in flat:
        if mention.start < end:
            groups[-1].append((i, mention))
        else:
            groups.append([(i, mention)])
        end = max(end, mention.end)
    return groups


def _best(group: list[tuple[int, Mention]], weights: Sequence[float]) -> tuple[Mention, float]:
    exact: dict[tuple[int, int, str], float] = defaultdict(float)
    borders: dict[tuple[int, int], float] = defaultdict(float)
    for i, m in group:
        exact[_key(m)] += weights[i]
        borders[m.start, m.end] += weights[i]
    best = max(
        (m for _, m in group),
        key=lambda m: (exact[_key(m)], borders[m.start, m.end], m.end - m.start, -m.start, m.label),
    )
    return best, exact[_key(best)]
