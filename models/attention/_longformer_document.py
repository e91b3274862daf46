"""Longformer attention of one document: blocks of queries over views of the row of keys, global tokens beside them.

Shapes: n tokens of a document, M blocks of b queries, K keys a block, G global tokens, D head dim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ._few import few_rows
from ._kernel import Keys, Windows, attend
from ._longformer_mask import mask
from ._masks import additive
from ._rows import Document, Rows, once, split
from ._scheme import Layer, Scheme
from ._short import Short, spread
from ._together import from_few, from_firsts

NARROWEST, WIDEST = 64, 128  # queries in a block: wider ones look at more keys in vain, narrower ones starve the kernel


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a document's masks and a window settle.

    Attributes:
        block: b.
        count: M.
        reach: Tokens that a block sees on either side of itself.
        bias: 0 where a query sees a key of its window, else -inf, (M, 1, b, K); None where all see all.
        positions: Positions of the global tokens, (G,); None when there are none.
    """

    block: int
    count: int
    reach: int
    bias: Tensor | None
    positions: Tensor | None


def _blocks(length: int, reach: int) -> tuple[int, int, int]:
    """M, b and how far a block reaches out; a single block where windows would be as wide as the text."""
    count = -(-length // min(max(reach, NARROWEST), WIDEST))
    block = -(-length // count)
    return (1, length, 0) if block + 2 * reach >= length else (count, block, reach)


def _plan(document: Document, reach: int, dtype: torch.dtype, device: Any) -> _Plan:
    length = document.length
    count, block, out = _blocks(length, reach)
    flags = torch.zeros(2, length, dtype=torch.bool, device=device)
    for flag, given in zip(flags, (document.marked, document.padding), strict=True):
        if given is not None:
            flag |= given
    positions = None if document.marked is None else flags[0].nonzero().squeeze(1)
    if count > 1:
        return _Plan(block, count, out, _banded(~flags.any(0), count, block, out, dtype), positions)
    if length <= reach + 1 and document.padding is None:
        return _Plan(block, count, out, None, positions)
    at = torch.arange(length, device=device)
    return _Plan(block, count, out, additive(mask(at, at, flags[0], flags[1], 2 * reach), dtype)[None, None], positions)


def _banded(seen: Tensor, count: int, block: int, reach: int, dtype: torch.dtype) -> Tensor:
    """The predicate inside windows, (M, 1, b, K): a band that all blocks share, and keys that no window may show.

    Those are padding, rows outside the document, and global tokens, which are a set of their own.
    """
    keys = torch.nn.functional.pad(seen, (reach, reach + count * block - len(seen)))
    q, kv = torch.arange(block, device=seen.device), torch.arange(-reach, block + reach, device=seen.device)
    nowhere = torch.zeros(int(kv[-1]) + reach + 1, dtype=torch.bool, device=seen.device)
    band = mask(q + reach, kv + reach, nowhere, nowhere, 2 * reach)
    return (additive(keys, dtype).unfold(0, block + 2 * reach, block)[:, None] + additive(band, dtype))[:, None]


def _global(layer: Layer) -> tuple[Any, Any, Any]:
    """The projections of global tokens."""
    return layer.module.query_global, layer.module.key_global, layer.module.value_global


def _marks(short: Short) -> tuple[Tensor, Tensor, tuple[int, int]] | None:
    """Rows of the global tokens of short documents, (G,), their places among B * g, (G,), and (B, g)."""
    if all(d.marked is None for d in short.documents):
        return None
    return once(short.settled, "marks", lambda: _marked(short))


def _marked(short: Short) -> tuple[Tensor, Tensor, tuple[int, int]]:
    found = [[] if d.marked is None else d.marked.nonzero().squeeze(1).tolist() for d in short.documents]
    most = max(map(len, found))
    at = [d.first + position for d, positions in zip(short.documents, found, strict=True) for position in positions]
    slots = [i * most + j for i, positions in enumerate(found) for j in range(len(positions))]
    device = next(d.marked.device for d in short.documents if d.marked is not None)
    return torch.tensor(at, device=device), torch.tensor(slots, device=device), (len(found), most)


class LongformerScheme(Scheme):
    """Blocks of queries over overlapping views of the row of keys, global keys as a second set."""

    def _plan(self, layer: Layer, document: Document, like: Tensor) -> _Plan:
        reach = layer.module.one_sided_attn_window_size
        return document.settle(
            ("longformer", reach, like.dtype), lambda: _plan(document, reach, like.dtype, like.device)
        )

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """See `Scheme`."""
        count, block, reach = _blocks(document.length, layer.module.one_sided_attn_window_size)
        return reach, reach + count * block - document.length

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """See `Scheme`."""
        plan = self._plan(layer, document, rows.q)
        ours = rows.q[rows.before : rows.before + plan.count * plan.block]
        q = split(ours, 0, plan.count, plan.block).transpose(1, 2)
        width = plan.block + 2 * plan.reach
        sets: list[Keys | Windows] = [Windows(rows.k, rows.v, rows.before - plan.reach, plan.block, width, plan.bias)]
        if plan.positions is not None and plan.count > 1:
            at = plan.positions + rows.before
            sets.append(Keys(*(row[at].transpose(0, 1)[None] for row in (rows.k, rows.v))))
        out = attend(q, sets, layer.dropout).transpose(1, 2).reshape(-1, hidden.shape[1])[: document.length]
        if plan.positions is None:
            return out
        asking, closed = hidden[plan.positions], document.closed(hidden.dtype)
        bias = None if closed is None else closed[0]
        told = few_rows(asking, hidden, _global(layer), layer.heads, bias, layer.dropout)
        return out.index_copy(0, plan.positions, told.to(out.dtype))

    def sees_all(self, layer: Layer, length: int) -> bool:
        """See `Scheme`; global tokens come on top."""
        return bool(length <= layer.module.one_sided_attn_window_size + 1)

    def together(self, layer: Layer, hidden: Tensor, rows: Rows, short: Short) -> Tensor | None:
        """See `Scheme`."""
        out, found = super().together(layer, hidden, rows, short), _marks(short)
        if out is None or found is None:
            return out
        at, slots, shape = found
        asking = spread(hidden.index_select(0, at), slots, (*shape, hidden.shape[1]))
        told = from_few(layer, asking, short.pad(hidden), short, _global(layer)).flatten(0, 1).index_select(0, slots)
        return out.index_copy(0, at, told.to(out.dtype))

    def firsts(self, layer: Layer, hidden: Tensor, short: Short) -> Tensor | None:
        """See `Scheme`."""
        are_global = {d.marked is not None and bool(d.marked[0]) for d in short.documents}
        if are_global == {False}:
            return super().firsts(layer, hidden, short)
        return from_firsts(layer, hidden, short, _global(layer)) if are_global == {True} else None

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """See `Scheme`."""
        module = layer.module
        at = torch.arange(document.length, device=hidden.device)
        flags = [
            torch.zeros_like(at, dtype=torch.bool) if f is None else f for f in (document.marked, document.padding)
        ]
        projections = (module.query, module.key, module.value)
        if flags[0][0]:
            projections = _global(layer)
        seen = mask(at[:1], at, flags[0], flags[1], 2 * module.one_sided_attn_window_size)
        return few_rows(hidden[:1], hidden, projections, layer.heads, additive(seen, hidden.dtype), layer.dropout)
