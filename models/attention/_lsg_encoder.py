"""LSG encoders without padding: learnt global tokens in front of each document, in the one row of all.

Shapes: T rows, n tokens of one document, G global tokens, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gonerd.models import modeling_lsg

from ._encoder import Unpadded
from ._few import few_rows
from ._lsg_document import attend_document, blocks, plan_for
from ._outputs import States
from ._rows import Document, Packing, Rows, sliced
from ._scheme import Layer, Scheme


class LSGScheme(Scheme):
    """Each block's window, sparse keys left and right of it and global keys, merged."""

    def name(self, config: Any) -> str:
        """The sparsity, as one configuration field changes everything."""
        return str(config.sparsity_type if config.has_sparse_keys else "local")

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """A block on either side of the blocks."""
        config: Any = layer.config
        count, block = blocks(document.length, config), config.block_size
        return (block, (count + 1) * block + config.num_global_tokens - document.length) if count else (0, 0)

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """Attends from every row of a document, global tokens first."""
        config: Any = layer.config
        return attend_document(layer, rows, document, config)

    def sees_all(self, layer: Layer, length: int) -> bool:
        """See `Scheme`."""
        config: Any = layer.config
        return not config.mask_first_token and not blocks(length, config)

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """Attends from the first global token, which sees everything."""
        config: Any = layer.config
        plan, module = plan_for(document, config, hidden.dtype, hidden.device), layer.module
        projections = (module.query, module.key, module.value)
        bias = None if plan.whole is None else plan.whole[0, 0]
        return few_rows(hidden[:1], hidden, projections, layer.heads, bias, layer.dropout)


@dataclass(frozen=True, eq=False)
class _Fronted(Packing):
    """A packing whose rows have global tokens in front of each document.

    Attributes:
        inner: The rows that are tokens of the batch.
    """

    inner: Tensor

    def unpack(self, rows: Tensor, copy: bool = False) -> Tensor:
        return super().unpack(rows[self.inner])  # a copy already


def _fronted(packed: Packing, front: int, device: Any) -> _Fronted:
    documents, inner = [], []
    for number, d in enumerate(packed.documents):
        padding = None if d.padding is None else F.pad(d.padding, (front, 0))
        documents.append(Document(d.first + number * front, front + d.length, padding))
        inner.append(torch.arange(d.length, device=device) + (d.first + (number + 1) * front))
    rest = (packed.taken, packed.real, packed.firsts, packed.filled, packed.batch, packed.length)
    return _Fronted(tuple(documents), *rest, torch.cat(inner))


class LSGModel(Unpadded, modeling_lsg.LSGModel):  # type: ignore[no-untyped-call]
    """`modeling_lsg.LSGModel` without padding."""

    scheme = LSGScheme()

    def _layers(self, hidden: Tensor, packed: Packing, kept: States | None, only_first: bool) -> Tensor:
        """Runs all layers with the global tokens in front of each document, and takes them away again."""
        if not packed.documents:
            return super()._layers(hidden, packed, kept, only_first)
        front, pooled = self.config.num_global_tokens, self.config.pool_with_global
        fronted = _fronted(packed, front, hidden.device)
        glob = self.embeddings.global_tokens(len(packed.documents)).to(hidden.dtype)
        parts = sliced((hidden,), [(d.first, d.first + d.length) for d in packed.documents])
        joined = torch.cat([x for one, (part,) in zip(glob, parts, strict=True) for x in (one, part)])
        out = super()._layers(joined, fronted, kept, only_first and pooled)
        if only_first and pooled:
            return out
        rows = out[fronted.inner]
        if pooled:
            heads = torch.tensor([d.first for d in packed.documents], device=hidden.device)
            rows = rows.index_copy(0, heads, out[torch.tensor([d.first for d in fronted.documents], device=out.device)])
        if kept is not None and kept.last() is not None:
            kept.found[-1] = packed.unpack(rows)
        if not only_first:
            return rows
        firsts = rows[packed.firsts]
        return firsts if packed.filled is None else firsts * packed.filled
