"""Which document goes to which split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from gonerd.errors import GonerdError

from .schema import SPLITS

FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


def assign_splits(ids: Sequence[str], seed: int = 0) -> dict[str, str]:
    """Assigns every document to a split by the hash of its id, so that neither order nor machine matters.

    Args:
        ids: Document ids.
        seed: Changes the draw.

    Returns:
        From id to split; no split is empty.

    Raises:
        GonerdError: There are fewer documents than splits.
    """
    if len(ids) < len(SPLITS):
        raise GonerdError(
            f"a dataset needs at least {len(SPLITS)} documents, one a split, but {len(ids)} are left; add more"
        )
    order = sorted(ids, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    held_out = {split: max(1, round(FRACTIONS[split] * len(ids))) for split in ("test", "validation")}
    assigned: dict[str, str] = {}
    for split, count in held_out.items():
        for name in order[len(assigned) : len(assigned) + count]:
            assigned[name] = split
    return {name: assigned.get(name, "train") for name in ids}
