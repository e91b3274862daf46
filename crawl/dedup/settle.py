"""Which of several documents stands for the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gonerd.dataset.near import clusters, near_pairs

from .columns import Columns

# Copies as agencies' clients make them of the demo site's pages (a credit line, another headline, two paragraphs cut)
# share 0.72 to 1.00 of the five-word sequences, the median 0.95; the first half of a page shares 0.40 to 0.60 with the
# whole, and two pages share nothing. The build's own check asks less (0.5): it only keeps likes in the same split.
NEAR = 0.8
KEPT, SUPERSEDED, ADDRESS, TEXT, CLOSE, JOINED = range(6)
REASONS = ("representative", "superseded", "duplicate-address", "duplicate-text", "near-duplicate", "joined")


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of each document.

    Attributes:
        verdict: An index of `REASONS` for each.
        stands: For each the number of the document that stands for it, itself where it is kept.
        cluster: For each the number of the first-ranked document among all that are linked to it.
    """

    verdict: Any
    stands: Any
    cluster: Any


def settle(columns: Columns, near: float | None = NEAR) -> Settled:
    """Chooses among documents that are, in this order, responses of one address, of one id, equal, nearly equal.

    Of responses of one address the latest counts: what a publisher corrected is not kept beside the correction. Else
    the order of preference is: a text whose licence lets it be passed on, since the other could not be released; the
    longest, since copies are cut more often than they are added to; the earliest published, since copies come later;
    the smallest id, so that the choice depends on nothing else. A document left out as nearly equal is so to the very
    document that stands for it, not merely to another one that was left out too.

    Args:
        columns: The documents.
        near: Least similarity of nearly equal documents, None to keep all of them.
    """
    count = len(columns.length)
    whole = columns.into == np.arange(count)
    verdict = np.where(whole, KEPT, JOINED).astype(np.int8)
    stands, cluster = columns.into.copy(), np.arange(count)
    alive = np.ones(count, np.bool_)
    latest = np.lexsort((-np.arange(count), -columns.fetched))
    _drop(alive, columns.address, latest, (verdict, SUPERSEDED, stands))
    alive &= whole
    best = np.lexsort(
        (np.arange(count), columns.identity, columns.published, -columns.length.astype(np.int64), ~columns.free)
    )
    _drop(alive, columns.identity, best, (verdict, ADDRESS, stands))
    _drop(alive, columns.text, best, (verdict, TEXT, stands))
    if near is not None:
        _drop_near(alive, columns.signature, best, near, (verdict, stands, cluster))
    # Who stands for a document may have been left out in a later round; three rounds end the longest chain.
    for _ in range(3):
        stands = stands[stands]
    return Settled(verdict, stands, cluster[stands])


def _drop(alive: Any, key: Any, order: Any, into: tuple[Any, int, Any]) -> None:
    """Leaves, of living documents with one key, the first in an order."""
    verdict, reason, stands = into
    living = order[alive[order]]
    _, first, group = np.unique(key[living], return_index=True, return_inverse=True)
    leader = living[first[group]]
    gone = leader != living
    verdict[living[gone]], stands[living[gone]] = reason, leader[gone]
    alive[living[gone]] = False


def _drop_near(alive: Any, signature: Any, order: Any, near: float, into: tuple[Any, Any, Any]) -> None:
    verdict, stands, cluster = into
    living = order[alive[order]]  # by preference, so that the smallest number of a cluster is its best document
    pairs = near_pairs(signature[living], near)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    linked = sorted({one for a, b, _ in pairs for one in (a, b)})
    place = {one: number for number, one in enumerate(linked)}
    for number, root in enumerate(clusters(len(linked), ((place[a], place[b]) for a, b, _ in pairs))):
        groups[linked[root]].append(linked[number])
    for root, members in groups.items():
        cluster[living[members]] = living[root]
        for leader, member in _follow(signature[living[members]], near):
            one = living[members[member]]
            verdict[one], stands[one] = CLOSE, living[members[leader]]
            alive[one] = False


def _follow(signature: Any, near: float) -> Iterator[tuple[int, int]]:
    """Yields (leader, member) for each document that is near to a kept one before it; those near to none are kept."""
    kept = [0]
    for member in range(1, len(signature)):
        scores = np.mean(signature[kept] == signature[member], axis=1)
        if scores.max() >= near:
            yield kept[int(np.argmax(scores >= near))], member
        else:
            kept.append(member)


def clustered(settled: Settled) -> list[int]:
    """Returns the numbers of the documents in clusters of more than one; recrawls and parts are in none."""
    member = np.isin(settled.verdict, (KEPT, ADDRESS, TEXT, CLOSE))
    sizes = np.bincount(settled.cluster[member], minlength=len(settled.cluster))
    found: list[int] = np.flatnonzero(member & (sizes[settled.cluster] > 1)).tolist()
    return found
