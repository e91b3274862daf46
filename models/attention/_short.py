"""Many short documents at once: a call each costs more than all that they attend to.

Shapes: B documents of up to N tokens, T rows (the tokens of all documents), E width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ._masks import additive
from ._rows import Document, once

CALL = 96**2  # pairs of tokens that are scored while a call of a document begins and ends, there and back


@dataclass(frozen=True, eq=False)
class Short:
    """Documents that may be computed side by side, padded to the longest: they have no padding inside.

    Attributes:
        documents: The documents, end to end.
        length: N.
        slots: Where each row stands among B * N, (T,); None where all documents are of one length.
        settled: What layers share, by `once`.
    """

    documents: tuple[Document, ...]
    length: int
    slots: Tensor | None
    settled: dict[Any, Any] = field(default_factory=dict)

    def pad(self, rows: Tensor) -> Tensor:
        """(T, ...) -> (B, N, ...), zero behind each document."""
        shape = (len(self.documents), self.length, *rows.shape[1:])
        return rows.reshape(shape) if self.slots is None else spread(rows, self.slots, shape)

    def unpad(self, x: Tensor) -> Tensor:
        """(B, N, ...) -> (T, ...)."""
        return x.flatten(0, 1) if self.slots is None else x.flatten(0, 1).index_select(0, self.slots)

    def closed(self, dtype: torch.dtype) -> Tensor | None:
        """What forbids the filler, 0 or -inf, (B, 1, 1, N); None where there is none."""
        return None if self.slots is None else once(self.settled, ("closed", dtype), lambda: self._closed(dtype))

    def _closed(self, dtype: torch.dtype) -> Tensor:
        assert self.slots is not None
        ends = torch.tensor([d.length for d in self.documents], device=self.slots.device)
        return additive(torch.arange(self.length, device=ends.device) < ends[:, None], dtype)[:, None, None]


def spread(rows: Tensor, slots: Tensor, shape: Sequence[int]) -> Tensor:
    """Puts rows (T, ...) where they belong among zeros of a shape (B, N, ...)."""
    return rows.new_zeros(shape[0] * shape[1], *shape[2:]).index_copy(0, slots, rows).view(shape)


def short_of(documents: Sequence[Document], device: Any) -> Short | None:
    """Returns documents side by side where that is quicker than one by one, and None where not."""
    if len(documents) < 2 or torch.compiler.is_compiling() or any(d.padding is not None for d in documents):
        return None
    lengths = [d.length for d in documents]
    longest = max(lengths)
    if sum(longest**2 - n**2 for n in lengths) > CALL * len(lengths):
        return None
    if longest == min(lengths):
        return None if longest**2 > CALL else Short(tuple(documents), longest, None)
    slots = torch.cat([torch.arange(n, device=device) + i * longest for i, n in enumerate(lengths)])
    return Short(tuple(documents), longest, slots)
