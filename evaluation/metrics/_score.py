"""Counts of mentions, and the measures that follow from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """Counts, and the measures that follow from them (0 where a denominator is 0)."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are gold."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold spans that were predicted."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0

    def as_dict(self) -> dict[str, float]:
        """Returns counts and measures for a result file."""
        return {
            "f1": self.f1,
            "precision": self.precision,
            "recall": self.recall,
            "correct": self.correct,
            "predicted": self.predicted,
            "gold": self.gold,
        }
