"""Parts of splits as a YAML file of data names them: `validation[80%:]`, `train[:1000]`."""

from __future__ import annotations

import re
from dataclasses import replace

from gonerd.errors import GonerdError

from .tasks import Loaded
from .tasks._tally import digest

PART = re.compile(r"(?P<split>\w+)(\[(?P<first>\d+%?)?:(?P<last>\d+%?)?\])?")


def part_of(loaded: Loaded, found: re.Match[str], limit: int | None) -> Loaded:
    """Keeps a part of a split; what lies outside is counted as set aside.

    Args:
        loaded: The split.
        found: What `PART` made of its name.
        limit: Keep the first examples only.

    Raises:
        GonerdError: Nothing is in the part.
    """
    count = len(loaded.examples)
    first, last = (_position(found[name], count, otherwise) for name, otherwise in (("first", 0), ("last", count)))
    kept = loaded.examples[first:last]
    if not kept:
        raise GonerdError(f"split {found[0]!r}: nothing is left of {count} examples; name a larger part")
    tally = replace(loaded.tally, set_aside=loaded.tally.set_aside.copy())
    tally.set_aside[f"outside {found[0]}"] += count - len(kept)
    facts = {**loaded.dataset, "split": found[0], "sha256": digest(kept)}
    return Loaded(kept[:limit], tally, facts, len(kept))


def _position(text: str | None, count: int, otherwise: int) -> int:
    if text is None:
        return otherwise
    return round(count * int(text[:-1]) / 100) if text.endswith("%") else int(text)


def may_overlap(one: str, other: str) -> bool:
    """Whether two parts of one split can have an example in common, whatever the split holds."""
    a, b = (PART.fullmatch(text) for text in (one, other))
    if a is None or b is None:
        return True
    return not (_ends_before(a["last"], b["first"]) or _ends_before(b["last"], a["first"]))


def _ends_before(last: str | None, first: str | None) -> bool:
    """Whether an end lies before a beginning; of a share and a count nobody knows."""
    if last is None or first is None or last.endswith("%") != first.endswith("%"):
        return False
    return int(last.rstrip("%")) <= int(first.rstrip("%"))
