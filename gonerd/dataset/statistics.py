"""What a card says about a split, counted while it is written."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gonerd.labels import CORE


@dataclass
class SplitStatistics:
    """Running statistics of one split: tokens a document, spans a label, domains, licences."""

    lengths: list[int] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        """Counts one row of the release."""
        self.lengths.append(len(row["tokens"]))
        self.labels.update(span["label"] for span in row["spans"])
        self.domains[row["domain"]] += 1
        self.licenses[row["license"]] += 1

    def columns(self) -> dict[str, int]:
        """Returns the row of the card's table, by column."""
        return {
            "documents": len(self.lengths),
            **{domain: self.domains[domain] for domain in ("news", "legal", "other")},
            "tokens": sum(self.lengths),
            "median tokens": round(statistics.median(self.lengths)),
            "longest": max(self.lengths),
            **{label: self.labels[label] for label in CORE},
        }
