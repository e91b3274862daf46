"""Which document goes to which split: whole groups, stratified, and the same when documents are added."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gonerd.errors import GonerdError

from .candidates import Candidate
from .near import clusters
from .schema import SPLITS

FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}
_SLACK = 0.05
# In a conflict the more guarded split wins: what was held out once must never be trained on.
_GUARDED = ("test", "validation", "train")


@dataclass(frozen=True, slots=True)
class _Group:
    key: str
    stratum: tuple[str, str]
    members: tuple[int, ...]


def assign_splits(
    candidates: Sequence[Candidate],
    near: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    previous: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Assigns every document to a split.

    Near-duplicates, documents of one address, and documents of one source and week form a group, which stays
    together. A group's hash names its split, so that added documents hardly ever move others: only where a
    stratum (domain x length class) is off its share by more than one document and five percent are the groups
    nearest to the border moved. That happens in small corpora; documents of the previous release never move.
    What joins them follows, to the more guarded split if they disagree, and `gonerd.dataset.leakage` then has
    the last word.

    Args:
        candidates: The documents.
        near: Pairs of near-duplicates, by position.
        seed: Changes the draw.
        previous: Splits of an earlier release by id.

    Returns:
        From id to split; no split is empty.

    Raises:
        GonerdError: There are fewer groups than splits, or a split stays empty.
    """
    groups = _groups(candidates, near)
    if len(groups) < len(SPLITS):
        raise GonerdError(
            f"a dataset needs at least {len(SPLITS)} groups of documents, one a split, but {len(groups)} are left "
            "(documents of one source and week, and near-duplicates, stay together); add more documents"
        )
    fixed = _fixed(groups, candidates, previous or {})
    drawn = {group.key: fixed.get(group.key) or _draw(group.key, seed) for group in groups}
    strata: dict[tuple[str, str], list[_Group]] = defaultdict(list)
    for group in groups:
        strata[group.stratum].append(group)
    for _, members in sorted(strata.items()):
        _balance(members, drawn, fixed, seed)
    _fill(groups, drawn, fixed, seed)
    kept = previous or {}
    return {candidates[i].id: kept.get(candidates[i].id, drawn[group.key]) for group in groups for i in group.members}


def _groups(candidates: Sequence[Candidate], near: Sequence[tuple[int, int]]) -> list[_Group]:
    first: dict[str, int] = {}
    same = [(first.setdefault(candidate.occasion, i), i) for i, candidate in enumerate(candidates)]
    same += [(first.setdefault(f"url {c.address}", i), i) for i, c in enumerate(candidates) if c.address]
    members: dict[int, list[int]] = defaultdict(list)
    for i, root in enumerate(clusters(len(candidates), [*near, *same])):
        members[root].append(i)
    groups = []
    for positions in members.values():
        longest = max((candidates[i] for i in positions), key=lambda c: (c.tokens, c.id))
        # The earliest occasion names the group: a later copy that joins does not rename it. (An older one does,
        # which is one more reason to pass the previous release.)
        key = min(candidates[i].occasion for i in positions)
        groups.append(_Group(key, (longest.domain, longest.length), tuple(positions)))
    return sorted(groups, key=lambda group: group.key)


def _fixed(groups: list[_Group], candidates: Sequence[Candidate], previous: Mapping[str, str]) -> dict[str, str]:
    fixed = {}
    for group in groups:
        known = {previous[candidates[i].id] for i in group.members if candidates[i].id in previous}
        if known:
            fixed[group.key] = min(known, key=_GUARDED.index)
    return fixed


def _unit(key: str, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big") / 2**64


def _draw(key: str, seed: int) -> str:
    unit = _unit(key, seed)
    if unit < FRACTIONS["test"]:
        return "test"
    return "validation" if unit < FRACTIONS["test"] + FRACTIONS["validation"] else "train"


def _balance(members: list[_Group], drawn: dict[str, str], fixed: Mapping[str, str], seed: int) -> None:
    """Moves groups of one stratum until every split is within its slack, nearest to the border first."""
    total = sum(len(group.members) for group in members)
    slack = max(1, math.floor(_SLACK * total))
    sizes = Counter({split: 0 for split in SPLITS})
    for group in members:
        sizes[drawn[group.key]] += len(group.members)
    over = {split: sizes[split] - FRACTIONS[split] * total for split in SPLITS}
    order = sorted((g for g in members if g.key not in fixed), key=lambda g: _unit(g.key, seed))
    while max(over.values()) > slack or min(over.values()) < -slack:
        most, least = max(over, key=lambda s: over[s]), min(over, key=lambda s: over[s])
        # Only a move that brings the two nearer to their shares counts, so this ends.
        movable = [g for g in order if drawn[g.key] == most and len(g.members) < over[most] - over[least]]
        if not movable:
            return
        group = movable[-1] if _GUARDED.index(most) < _GUARDED.index(least) else movable[0]
        drawn[group.key] = least
        over[most] -= len(group.members)
        over[least] += len(group.members)


def _fill(groups: list[_Group], drawn: dict[str, str], fixed: Mapping[str, str], seed: int) -> None:
    """Gives an empty split one group of the fullest."""
    for split in SPLITS:
        if split in drawn.values():
            continue
        counts = Counter(drawn.values())
        donor = max(SPLITS, key=lambda s: counts[s])
        free = [g for g in groups if drawn[g.key] == donor and g.key not in fixed]
        if not free:
            raise GonerdError(
                f"split {split!r} would be empty: the previous release holds every document elsewhere; add documents, "
                "or build without --previous"
            )
        drawn[min(free, key=lambda g: _unit(g.key, seed)).key] = split
