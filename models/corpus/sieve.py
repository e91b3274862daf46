"""Which documents of a mix stay, and for what reason others do not."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np

from gonerd.dataset.near import PERMUTATIONS, signature
from gonerd.errors import unknown_name
from gonerd.language import detect_language, known_languages

from .mix import Filters

EMPTY, SHORT, LONG, LANGUAGE = "empty", "too short", "too long", "another language"
EXACT, NEAR = "exact duplicate", "near-duplicate"


def text_hash(text: str) -> int:
    """Returns 64 bits of a text's BLAKE2b; two of ten million texts share them with a probability of 3 in a million."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class HashSet:
    """A set of 64-bit numbers at eight bytes each, and a buffer of new ones."""

    def __init__(self) -> None:
        self._sorted = np.empty(0, dtype=np.uint64)
        self._new: set[int] = set()

    def __contains__(self, value: int) -> bool:
        if value in self._new:
            return True
        place = int(np.searchsorted(self._sorted, np.uint64(value)))
        return place < len(self._sorted) and int(self._sorted[place]) == value

    def add(self, value: int) -> None:
        """Adds a number."""
        self._new.add(value)

    def drain(self) -> Any:
        """Returns what was added since the last call, sorted, as a uint64 array."""
        new = np.array(sorted(self._new), dtype=np.uint64)
        self.load(new)
        self._new.clear()
        return new

    def load(self, values: Any) -> None:
        """Adds an array of numbers."""
        self._sorted = np.union1d(self._sorted, values.astype(np.uint64))


def bands(threshold: float) -> tuple[int, int]:
    """Returns (bands, rows) of a banded MinHash index that finds half of the pairs at about `threshold`.

    A pair of similarity s shares a whole band with probability 1 - (1 - s^rows)^bands, which rises steeply around
    (1 / bands)^(1 / rows) (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4).
    """
    shapes = [(PERMUTATIONS // rows, rows) for rows in range(1, PERMUTATIONS + 1)]
    return min(shapes, key=lambda shape: abs((1 / shape[0]) ** (1 / shape[1]) - threshold))


class Sieve:
    """Lets documents through, once each.

    Near-duplicates are told by a shared band alone, as at the size of a crawl nobody keeps the signatures: beside the
    text's own hash, an index costs eight bytes a band and document.

    Args:
        filters: What stays.

    Raises:
        UsageError: A language is unknown.
    """

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._exact, self._near = HashSet(), HashSet()
        self._shape = bands(filters.near_duplicates) if filters.near_duplicates is not None else None
        for code in filters.languages:
            if code not in known_languages():
                raise unknown_name("language", code, known_languages())

    def reason(self, text: str | None) -> str | None:
        """Returns why a document is dropped; None when it stays, and is known from then on."""
        filters = self._filters
        if text is None or not text.strip():
            return EMPTY
        if len(text) < filters.min_characters:
            return SHORT
        if filters.max_characters is not None and len(text) > filters.max_characters:
            return LONG
        own = text_hash(text)
        if filters.exact_duplicates and own in self._exact:
            return EXACT
        if filters.languages and detect_language(text) not in filters.languages:
            return LANGUAGE
        if self._shape is not None:
            keys = self._keys(text)
            if any(key in self._near for key in keys):
                return NEAR
            for key in keys:
                self._near.add(key)
        if filters.exact_duplicates:
            self._exact.add(own)
        return None

    def _keys(self, text: str) -> list[int]:
        assert self._shape is not None
        count, rows = self._shape
        values = signature(text.split())
        digests = (
            blake2b(values[i * rows : (i + 1) * rows].tobytes(), digest_size=8, salt=i.to_bytes(2, "little"))
            for i in range(count)
        )
        return [int.from_bytes(digest.digest(), "little") for digest in digests]

    def drain(self) -> dict[str, Any]:
        """Returns what was learnt since the last call, to be loaded again after a kill."""
        return {"exact": self._exact.drain(), "near": self._near.drain()}

    def load(self, learnt: Any) -> None:
        """Learns again what `drain` gave."""
        self._exact.load(learnt["exact"])
        self._near.load(learnt["near"])
