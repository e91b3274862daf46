"""Counts of what was read, set aside and kept, and a split as it was loaded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ._examples import Example


@dataclass
class Tally:
    """Counts what a reader met, so that read = kept + set aside.

    Attributes:
        read: Examples met in the source.
        set_aside: Examples that cannot be scored, by reason.
        notes: Examples that were kept although something is odd about them, by what is odd.
    """

    read: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Loaded:
    """A split, and where it came from.

    Attributes:
        examples: The examples, after `limit`.
        tally: What was read, set aside and odd, before `limit`.
        dataset: Name, version and sha256, as result files state them.
        before_limit: Number of examples before `limit`.
    """

    examples: list[Any]
    tally: Tally
    dataset: dict[str, Any]
    before_limit: int

    def counts(self) -> dict[str, Any]:
        """Returns the counts for a result file."""
        return {
            "read": self.tally.read,
            "set_aside": dict(self.tally.set_aside),
            "notes": dict(self.tally.notes),
            "before_limit": self.before_limit,
            "scored": len(self.examples),
        }


def digest(examples: Iterable[Example]) -> str:
    """Returns the sha256 of examples, the same wherever they were loaded from."""
    found = hashlib.sha256()
    for example in examples:
        found.update(json.dumps(example.facts(), ensure_ascii=False).encode("utf-8", "surrogatepass"))
        found.update(b"\n")
    return found.hexdigest()
