"""Progress bars for long work; silent when nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import track as rich_track

Item = TypeVar("Item")


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Yields the items and shows how far along they are, on standard error when it is a terminal.

    Args:
        items: Anything iterable.
        what: What the bar is called, for instance "annotate".
        total: Number of items, where it is known and `items` does not tell.

    Yields:
        The items, unchanged.
    """
    from rich.console import Console

    console = Console(stderr=True)
    yield from rich_track(items, description=what, total=total, console=console, disable=not sys.stderr.isatty())
