"""Splitting by document with a seed, for data that come without splits of their own: no document is in two parts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gonerd.errors import GonerdError

from .tasks import Loaded, Tally, TextExample
from .tasks._tally import digest

PARTS = ("train", "validation", "test")


class DocumentSplit(BaseModel):
    """Shares of documents, drawn by a seed.

    Documents are brought in an order that seed and name alone decide, and cut there. The examples of a part come in
    such an order too, so that a limit takes a fair sample of them.

    Attributes:
        of: Splits whose documents are put together first.
        seed: Seed of the draw.
        train: Share of the documents in the part of that name; without one the task's own split stays.
        validation: Likewise.
        test: Likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: tuple[str, ...] = Field(("validation",), min_length=1)
    seed: int = 0
    train: float = Field(0.0, ge=0, le=1)
    validation: float = Field(0.0, ge=0, le=1)
    test: float = Field(0.0, ge=0, le=1)

    @field_validator("of", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _shares_of_one(self) -> Self:
        if not self.shares or sum(self.shares.values()) > 1 + 1e-9:
            raise ValueError(f"the shares of {', '.join(PARTS)} must add up to 1 at most, and to more than 0")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The parts that are made, with their shares."""
        return {name: getattr(self, name) for name in PARTS if getattr(self, name) > 0}

    def describe(self, name: str) -> str:
        """Says what a part is of, as result files have it."""
        return f"{name}: {self.shares[name]:g} of the documents of {'+'.join(self.of)}, seed {self.seed}"

    def part(self, name: str, sources: Mapping[str, Loaded], limit: int | None) -> Loaded:
        """Takes a part of loaded splits; what lies outside is counted as set aside.

        Args:
            name: The part.
            sources: Each split of `of`.
            limit: Keep the first examples only.

        Raises:
            GonerdError: There are too few documents for the part to hold one.
        """
        examples = [example for split in self.of for example in self._named(split, sources[split].examples)]
        wanted = self._documents(name, {example.document for example in examples})
        kept = sorted((e for e in examples if e.document in wanted), key=lambda example: self._place(example.id))
        if not kept:
            raise GonerdError(
                f"{self.describe(name)}: nothing is left of {len(examples)} examples; name a larger share"
            )
        tallies = [loaded.tally for loaded in sources.values()]
        tally = Tally(
            sum(t.read for t in tallies), _sum([t.set_aside for t in tallies]), _sum([t.notes for t in tallies])
        )
        if len(kept) < len(examples):
            tally.set_aside[f"outside {self.describe(name)}"] += len(examples) - len(kept)
        facts = dict(sources[self.of[0]].dataset)
        files = {
            key: value for loaded in sources.values() for key, value in (loaded.dataset.get("files") or {}).items()
        }
        facts |= {"split": self.describe(name), "sha256": digest(kept), **({"files": files} if files else {})}
        return Loaded(kept[:limit], tally, facts, len(kept))

    def _named(self, split: str, examples: Sequence[Any]) -> list[Any]:
        """Puts the split before ids where several are put together: each may count its examples from 0."""
        if len(self.of) == 1:
            return list(examples)
        return [
            replace(e, id=f"{split}/{e.id}")
            if isinstance(e, TextExample)
            else replace(e, id=f"{split}/{e.id}", document=f"{split}/{e.document}")
            for e in examples
        ]

    def _documents(self, name: str, documents: set[str]) -> set[str]:
        ordered = sorted(documents, key=self._place)
        before = 0.0
        for part, share in self.shares.items():
            if part == name:
                return set(ordered[round(before * len(ordered)) : round((before + share) * len(ordered))])
            before += share
        raise KeyError(name)

    def _place(self, key: str) -> str:
        return hashlib.sha256(f"{self.seed} {key}".encode("utf-8", "surrogatepass")).hexdigest()


def _sum(counters: Sequence[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter())
