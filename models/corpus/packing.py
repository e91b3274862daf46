"""Documents end to end in rows of one length, no token lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Packer:
    """Cuts a stream of documents into rows: opening token, content, closing token.

    A row may hold the end of one document and the beginning of the next, with a separator after each document (Liu et
    al. 2019, RoBERTa, section 4.2, "full sentences"). All content in order is the documents in order, each followed by
    the separator.

    Args:
        length: Tokens in a row.
        separator: Id of the separator.
        opening: Ids that begin a row.
        closing: Ids that end it.
    """

    def __init__(self, length: int, separator: int, opening: Sequence[int], closing: Sequence[int]) -> None:
        self._content = length - len(opening) - len(closing)
        self._separator, self._opening, self._closing = separator, list(opening), list(closing)
        self._ids: list[Any] = []
        self._starts: list[Any] = []
        self._pending = 0

    def add(self, ids: Sequence[int], starts: Sequence[bool]) -> None:
        """Adds a document: its tokens, and for each whether it begins a word."""
        self._ids.append(np.array([*ids, self._separator], dtype=np.int64))
        self._starts.append(np.array([*starts, True], dtype=bool))
        self._pending += len(ids) + 1

    @property
    def full_rows(self) -> int:
        """How many full rows are waiting."""
        return self._pending // self._content

    def take(self, rows: int) -> list[tuple[Any, Any]]:
        """Takes full rows away: (ids, starts) each."""
        return [self._row(*part) for part in self._cut(min(rows, self.full_rows))]

    def rest(self) -> list[tuple[Any, Any]]:
        """Takes everything away; the last row may be shorter."""
        rows = self.take(self.full_rows)
        ids, starts = self.pending()
        self._keep(ids[:0], starts[:0])
        return [*rows, self._row(ids, starts)] if len(ids) else rows

    def pending(self) -> tuple[Any, Any]:
        """Returns the content that waits for its row, as (ids, starts)."""
        empty: list[Any] = [np.empty(0, dtype=np.int64)]
        ids = np.concatenate([*empty, *self._ids])
        starts = np.concatenate([np.empty(0, dtype=bool), *self._starts])
        self._keep(ids, starts)
        return ids, starts

    def restore(self, ids: Any, starts: Any) -> None:
        """Waits for rows with what `pending` returned."""
        self._keep(ids, starts)

    def _keep(self, ids: Any, starts: Any) -> None:
        self._ids, self._starts, self._pending = [ids], [starts], len(ids)

    def _cut(self, rows: int) -> list[tuple[Any, Any]]:
        ids, starts = self.pending()
        end = rows * self._content
        self._keep(ids[end:], starts[end:])
        borders = range(0, end, self._content)
        return [(ids[i : i + self._content], starts[i : i + self._content]) for i in borders]

    def _row(self, ids: Any, starts: Any) -> tuple[Any, Any]:
        before, after = len(self._opening), len(self._closing)
        return (
            np.concatenate([self._opening, ids, self._closing]).astype(np.int64),
            np.concatenate([np.ones(before, dtype=bool), starts, np.ones(after, dtype=bool)]),
        )
