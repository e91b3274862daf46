"""Near-duplicates: MinHash signatures, banded into clusters.

A signature is 128 numbers of 32 bits a document, so a hundred thousand documents need 51 MB and no
dictionary of buckets: bands are compared by sorting them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gonerd.errors import needs_extra

PERMUTATIONS = 128
BANDS = 42  # of 3 rows: a pair of similarity 0.5 is missed with probability 0.004, one of 0.6 never in practice
THRESHOLD = 0.5
_SHINGLE = 5  # words
_UNSPACED = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u2e80", "\u9fff"), ("\uf900", "\ufaff"))
_FIRST = _UNSPACED[0][0]  # most words of most texts come before it, and need no closer look


def signature(words: Sequence[str]) -> Any:
    """Computes the MinHash signature of a document.

    Args:
        words: Its words; case is ignored.

    Returns:
        uint32 array of `PERMUTATIONS`: the same on every machine and in every process.
    """
    with needs_extra("build"):
        from rensa import RMinHash

    parts = [part.lower() for word in words for part in ((word,) if word < _FIRST else _parts(word))]
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
    sketch.update([" ".join(parts[at : at + _SHINGLE]) for at in range(max(1, len(parts) - _SHINGLE + 1))])
    return np.array(sketch.digest(), dtype=np.uint32)


def _parts(word: str) -> Sequence[str]:
    """Takes a run of letters apart where a script writes words without spaces: Thai to Myanmar, Chinese, Japanese."""
    return word if any(low <= word[0] <= high for low, high in _UNSPACED) else (word,)


def similarity(a: Any, b: Any) -> float:
    """Estimates the Jaccard similarity of two documents' shingles from their signatures."""
    return float(np.mean(a == b))


def near_pairs(signatures: Any, threshold: float = THRESHOLD) -> list[tuple[int, int, float]]:
    """Finds pairs of near-duplicates.

    Documents that share a whole band are compared, each with the first of its bucket and its neighbour in
    it: enough to connect a cluster without comparing all its pairs.

    Args:
        signatures: uint32 array, documents x `PERMUTATIONS`.
        threshold: Least estimated similarity.

    Returns:
        (first, second, similarity) with first < second, sorted.
    """
    found: dict[tuple[int, int], float] = {}
    rows = PERMUTATIONS // BANDS  # the last two numbers are in no band, and count in the comparison all the same
    for band in range(BANDS if len(signatures) > 1 else 0):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * rows))).ravel()
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        first = order[0]
        for position in np.flatnonzero(same):
            if position == 0 or not same[position - 1]:
                first = order[position]
            for other in {int(first), int(order[position])}:
                a, b = sorted((other, int(order[position + 1])))
                if (a, b) not in found:
                    found[a, b] = similarity(signatures[a], signatures[b])
    return sorted((a, b, score) for (a, b), score in found.items() if score >= threshold)


def clusters(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Joins items that are connected by pairs.

    Args:
        count: Number of items.
        pairs: Pairs of item numbers.

    Returns:
        For each item the smallest number in its cluster.
    """
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(item) for item in range(count)]
