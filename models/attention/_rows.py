"""A padded batch as one row of real tokens, and back.

A document is the stretch from the first to the last real token of one sequence of the batch: padding on either side
is gone, padding inside stays, so that distances are what they were. All documents lie end to end in one row.

Shapes: B batch, N tokens of the padded batch, T rows (the tokens of all documents), n tokens of one document, E width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ._masks import additive

Settled = TypeVar("Settled")


def once(made: dict[Any, Any], key: Any, make: Callable[[], Settled]) -> Settled:
    """Returns what was made under a key, and makes it where nothing was yet."""
    if key not in made:
        made[key] = make()
    found: Settled = made[key]
    return found


@dataclass(frozen=True, eq=False)
class Document:
    """One document of a batch.

    Attributes:
        first: Its first row.
        length: n, at least 1.
        padding: Tokens inside that are padding, bool (n,); None when there are none.
        marked: Tokens that the caller gave global attention, bool (n,), none of them padding; None when there are none.
        settled: What `settle` was asked for.
    """

    first: int
    length: int
    padding: Tensor | None = None
    marked: Tensor | None = None
    settled: dict[Any, Any] = field(default_factory=dict)

    def settle(self, key: Any, make: Callable[[], Settled]) -> Settled:
        """Returns what `make` made of this document, once for all layers that ask under one key."""
        return once(self.settled, key, make)

    def closed(self, dtype: torch.dtype) -> Tensor | None:
        """What forbids the padding inside, 0 or -inf, (1, 1, 1, n); None where there is none."""
        if self.padding is None:
            return None
        seen = ~self.padding
        return self.settle(("closed", dtype), lambda: additive(seen, dtype)[None, None, None])


@dataclass(frozen=True, slots=True)
class Rows:
    """Queries, keys and values of one document, with rows around it that windows may reach into.

    The rows around belong to neighbouring documents, or are filler: finite, and to be forbidden by a mask.

    Attributes:
        q: (before + n + after, H, D).
        k: Like `q`.
        v: Like `q`.
        before: Rows before the document's first.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    before: int


@dataclass(frozen=True, eq=False)
class Packing:
    """Where the rows stand in the padded batch.

    Attributes:
        documents: The documents, those of no token left out.
        taken: Indices into the flattened batch, (T,); None when rows and batch are the same.
        real: Rows that are no padding, bool (T, 1); None when all are real.
        firsts: The row of the first token of each sequence, (B,); that of an empty one is arbitrary.
        filled: Sequences that hold a document, bool (B, 1); None when all do.
        batch: B.
        length: N.
    """

    documents: tuple[Document, ...]
    taken: Tensor | None
    real: Tensor | None
    firsts: Tensor
    filled: Tensor | None
    batch: int
    length: int

    def pack(self, x: Tensor) -> Tensor:
        """(B, N, ...) -> (T, ...)."""
        flat = x.reshape(self.batch * self.length, *x.shape[2:])
        return flat if self.taken is None else flat[self.taken]

    def unpack(self, rows: Tensor, copy: bool = False) -> Tensor:
        """(T, E) -> (B, N, E), zero at padding; a view when nothing is padding, unless a copy is wanted."""
        if copy and self.real is None and self.taken is None:
            rows = rows.clone()
        if self.real is not None:
            rows = rows * self.real
        if self.taken is not None:
            rows = rows.new_zeros(self.batch * self.length, rows.shape[1]).index_copy_(0, self.taken, rows)
        return rows.view(self.batch, self.length, -1)


@torch.compiler.disable  # type: ignore[untyped-decorator]  # it reads numbers off the masks, which breaks a graph anyway
def packing(is_padding: Tensor | None, marked: Tensor | None, batch: int, length: int, device: Any) -> Packing:
    """Finds the documents of a batch.

    Args:
        is_padding: Tokens that are padding, bool (B, N); None when none are.
        marked: Tokens with global attention, bool (B, N); None when none have.
        batch: B.
        length: N.
        device: Where the batch lies.
    """
    if marked is not None and not marked.any():
        marked = None
    if is_padding is None or not is_padding.any():
        whole = (Document(i * length, length, None, None if marked is None else marked[i]) for i in range(batch))
        return Packing(tuple(whole), None, None, torch.arange(batch, device=device) * length, None, batch, length)
    if marked is not None:
        marked = marked & ~is_padding
    starts, ends = _ends(~is_padding)
    lengths = (ends - starts).clamp(min=0)
    firsts = lengths.cumsum(0) - lengths
    documents, pieces, padded = [], [], []
    for item, (start, size, first) in enumerate(zip(*(t.tolist() for t in (starts, lengths, firsts)), strict=True)):
        if not size:
            continue
        inside = is_padding[item, start : start + size]
        marks = None if marked is None else marked[item, start : start + size]
        documents.append(
            Document(
                first, size, inside if inside.any() else None, marks if marks is not None and marks.any() else None
            )
        )
        pieces.append(torch.arange(size, device=device) + (item * length + start))
        padded.append(inside)
    taken = torch.cat(pieces) if pieces else firsts.new_empty(0)
    real = ~torch.cat(padded).unsqueeze(1) if any(d.padding is not None for d in documents) else None
    filled = None if len(documents) == batch else (lengths > 0).unsqueeze(1)
    return Packing(tuple(documents), taken, real, firsts.clamp(max=max(len(taken) - 1, 0)), filled, batch, length)


def _ends(real: Tensor) -> tuple[Tensor, Tensor]:
    """The first real token of each sequence and the one after its last; the end lies before the start in none."""
    at = torch.arange(real.shape[1], device=real.device)
    starts = at.masked_fill(~real, real.shape[1]).amin(1)
    return starts, at.masked_fill(~real, -1).amax(1) + 1


def sliced(rows: Sequence[Tensor], spans: Sequence[tuple[int, int]]) -> list[tuple[Tensor, ...]]:
    """Cuts overlapping stretches out of rows, as views.

    Args:
        rows: Tensors of as many rows.
        spans: First row and the one after the last of each stretch.

    Returns:
        For each stretch, the part of each tensor.
    """
    if len(spans) == 1 and spans[0] == (0, len(rows[0])):
        return [tuple(rows)]
    if torch.is_grad_enabled() and any(t.requires_grad for t in rows):
        parts = [_Stretches.apply(t, tuple(spans)) for t in rows]  # type: ignore[no-untyped-call]
    else:
        parts = [tuple(t[a:b] for a, b in spans) for t in rows]
    return list(zip(*parts, strict=True))


class _Stretches(torch.autograd.Function):
    """Slices whose gradients are added into one row: slicing itself would fill a whole row for each."""

    @staticmethod
    def forward(ctx: Any, row: Tensor, spans: tuple[tuple[int, int], ...]) -> tuple[Tensor, ...]:
        ctx.spans, ctx.shape = spans, row.shape
        return tuple(row[a:b] for a, b in spans)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        total = grads[0].new_zeros(ctx.shape)
        for grad, (a, b) in zip(grads, ctx.spans, strict=True):
            total[a:b] += grad
        return total, None


def split(x: Tensor, dim: int, *sizes: int) -> Tensor:
    """Cuts one dimension into several, as a view."""
    parts: Tensor = x.unflatten(dim, sizes)  # type: ignore[no-untyped-call]
    return parts


def surrounded(x: Tensor, before: int, after: int) -> Tensor:
    """Puts rows of zeros around rows, (T, E) -> (before + T + after, E)."""
    return F.pad(x, (0, 0, before, after)) if before or after else x
