"""What card and figures say about a release, counted while it is written."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

from gonerd.labels import CORE
from gonerd.records import DOMAINS

from .candidates import LENGTHS, class_of, length_class
from .rows import View
from .schema import SPLITS

# Tokens back to the previous mention of the same name.
DISTANCES = ((64, "up to 64"), (256, "65-256"), (512, "257-512"), (2048, "513-2,048"), (None, "over 2,048"))


class Statistics:
    """Counts over the documents of a release, by split.

    Attributes:
        lengths: Tokens of each document, by split.
        labels: Spans by (split, domain, label).
        domains: Documents by (split, domain).
        classes: Documents by (split, length class).
        licenses: Documents by licence.
        languages: Documents by language; what states none is taken for English, as the sentence splitter does.
        distances: Repeated mentions by how far back the name was last seen, in tokens.
    """

    def __init__(self) -> None:
        self.lengths: dict[str, list[int]] = {split: [] for split in SPLITS}
        self.labels: Counter[tuple[str, str, str]] = Counter()
        self.domains: Counter[tuple[str, str]] = Counter()
        self.classes: Counter[tuple[str, str]] = Counter()
        self.licenses: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.distances: Counter[str] = Counter()

    def add(self, split: str, view: View) -> None:
        """Counts one document."""
        tokens, domain = len(view.tokens), view.document.domain
        self.lengths[split].append(tokens)
        self.domains[split, domain] += 1
        self.classes[split, length_class(tokens)] += 1
        self.licenses[view.document.license] += 1
        self.languages[view.document.language or "en"] += 1
        self.labels.update((split, domain, span.label) for span in view.spans)
        self._distances(view)

    def _distances(self, view: View) -> None:
        position = {start: i for i, (start, _) in enumerate(view.tokens)}
        last: dict[str, int] = {}
        for span in view.spans:
            surface, here = view.document.text[span.start : span.end].casefold(), position[span.start]
            if surface in last:
                self.distances[class_of(here - last[surface], DISTANCES)] += 1
            last[surface] = here

    def split_rows(self) -> list[dict[str, Any]]:
        """Returns the rows of the card's main table."""
        return [
            {
                "split": split,
                "documents": len(lengths),
                **{domain: self.domains[split, domain] for domain in DOMAINS},
                **{name: self.classes[split, name] for _, name in LENGTHS},
                "tokens": sum(lengths),
                "median": round(statistics.median(lengths or [0])),
                "longest": max(lengths, default=0),
                **{label: sum(self.labels[split, domain, label] for domain in DOMAINS) for label in CORE},
            }
            for split, lengths in self.lengths.items()
        ]

    def distance_rows(self) -> list[dict[str, Any]]:
        """Returns the rows of the table of distances to the previous mention."""
        total = sum(self.distances.values()) or 1
        return [
            {
                "tokens back to the same name": name,
                "mentions": self.distances[name],
                "%": round(100 * self.distances[name] / total, 1),
            }
            for _, name in DISTANCES
        ]
