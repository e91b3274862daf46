"""What must not stand on both sides of a split, looked for after the splits are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import write_json

CHECKS = ("same-id", "same-text", "same-url", "near-duplicate", "same-source-and-week")


@dataclass(frozen=True, slots=True)
class Placed:
    """A document as the leakage report sees it."""

    id: str
    split: str
    text_sha256: str
    url: str | None
    occasion: str


@dataclass(frozen=True, slots=True)
class Leak:
    """Two documents that belong together and stand in different splits."""

    check: str
    first: str
    first_split: str
    second: str
    second_split: str
    detail: str


def find_leaks(entries: Sequence[Placed], near: Iterable[tuple[int, int, float]]) -> list[Leak]:
    """Looks for documents that share something across a split border.

    Args:
        entries: The documents with their splits.
        near: Near-duplicate pairs by position, with their similarity.

    Returns:
        Every leak found; one a pair and check for the chained ones.
    """
    keys: Mapping[str, Any] = {
        "same-id": lambda e: e.id,
        "same-text": lambda e: e.text_sha256,
        "same-url": lambda e: e.url,
        "same-source-and-week": lambda e: e.occasion,
    }
    leaks = []
    for check, key in keys.items():
        first: dict[str, Placed] = {}
        for entry in entries:
            value = key(entry)
            if value is None:
                continue
            other = first.setdefault(value, entry)
            if other.split != entry.split:
                leaks.append(_leak(check, other, entry, value))
    leaks += [
        _leak("near-duplicate", entries[a], entries[b], f"similarity {score:.2f}")
        for a, b, score in near
        if entries[a].split != entries[b].split
    ]
    return sorted(leaks, key=lambda leak: (CHECKS.index(leak.check), leak.first, leak.second))


def _leak(check: str, a: Placed, b: Placed, detail: str) -> Leak:
    return Leak(check, a.id, a.split, b.id, b.split, detail)


def report(leaks: Iterable[Leak]) -> dict[str, Any]:
    """Returns the leakage report: leaks found by each check, and each of them."""
    leaks = list(leaks)
    found = {check: sum(leak.check == check for leak in leaks) for check in CHECKS}
    return {"found": found, "leaks": [asdict(leak) for leak in leaks]}


def refuse_leaks(leaks: list[Leak], out: Path) -> None:
    """Ends a build that leaks, after writing the report beside its folder.

    Raises:
        GonerdError: There is a leak.
    """
    path = out.with_name(f"{out.name}.leakage.json")
    if not leaks:
        path.unlink(missing_ok=True)  # of an earlier attempt
        return
    write_json(path, report(leaks))
    leak = leaks[0]
    raise GonerdError(
        f"{out}: {len(leaks)} leaks between splits, the first {leak.check} ({leak.detail}) of {leak.first} in "
        f"{leak.first_split} and {leak.second} in {leak.second_split}; put one of each pair on the blocklist, or draw "
        f"the splits anew without --previous (all leaks: {path})"
    )
