"""What a check compares across the documents of a release."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from gonerd.tokens import words

from .candidates import Candidate
from .findings import ERROR, Finding
from .leakage import Placed, find_leaks
from .near import near_pairs, signature
from .rows import View
from .statistics import Statistics


class Corpus:
    """Collects sound documents and finds what only shows between them.

    Attributes:
        statistics: Counted as the build counts.
        splits: Sound documents by split.
        withheld: Documents without their text.
        unsound: Documents that were not added.
    """

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.splits: Counter[str] = Counter()
        self.withheld = self.unsound = 0
        self._placed: list[Placed] = []
        self._signatures: list[Any] = []
        self._signed: list[int] = []

    def add(self, split: str, row: dict[str, Any], view: View | None) -> None:
        """Adds a document: its row of `documents`, and its view unless the text is withheld."""
        published = date.fromisoformat(row["published"]) if row["published"] else None
        candidate = Candidate(row["id"], row["domain"], row["source"], published, 0, row["url"])
        self._placed.append(Placed(row["id"], split, row["text_sha256"], candidate.address, candidate.occasion))
        self.splits[split] += 1
        if view is None:
            self.withheld += 1
            return
        self.statistics.add(split, view)
        self._signed.append(len(self._placed) - 1)
        self._signatures.append(signature(words(view.document.text)))  # as the build does

    def findings(self) -> Iterator[Finding]:
        """Yields duplicates and leaks."""
        texts: dict[str, list[str]] = defaultdict(list)
        for placed in self._placed:
            texts[placed.text_sha256].append(placed.id)
        for key, count in Counter(placed.id for placed in self._placed).items():
            if count > 1:
                yield Finding(ERROR, "duplicate-id", key, f"{count} rows of 'documents' have this id")
        for ids in texts.values():
            if len(ids) > 1:
                yield Finding(ERROR, "duplicate-text", ids[0], f"same text as {', '.join(ids[1:])}")
        pairs = near_pairs(np.stack(self._signatures)) if self._signatures else []
        near = [(self._signed[a], self._signed[b], score) for a, b, score in pairs]
        for leak in find_leaks(self._placed, near):
            where = f"{leak.first} ({leak.first_split}), {leak.second} ({leak.second_split})"
            yield Finding(ERROR, "leakage", where, f"{leak.check}: {leak.detail}")
