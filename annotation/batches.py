"""Items put together as long as they are not too large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def batches(
    items: Iterable[Item], size: Callable[[Item], int], most: int, count: int | None = None
) -> Iterator[list[Item]]:
    """Yields items in order, as many together as fit; one that is too large stands alone.

    Args:
        items: The items.
        size: Tells how large one is.
        most: How large those of a batch are together, at most.
        count: How many they are, at most; any number when None.
    """
    batch: list[Item] = []
    total = 0
    for item in items:
        if batch and (len(batch) == count or total + size(item) > most):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size(item)
    if batch:
        yield batch
