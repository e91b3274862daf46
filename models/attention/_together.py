"""Attention of many short documents in one call, where every token of a document sees every other.

Shapes: B documents of up to N tokens, g tokens of each that ask, T rows (the tokens of all documents), H heads, D head
dim, E width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from ._concatenated import concatenated
from ._few import few_rows
from ._kernel import Keys, attend
from ._rows import Rows
from ._short import Short

if TYPE_CHECKING:
    from ._scheme import Layer


def within(layer: Layer, rows: Rows, short: Short) -> Tensor:
    """Attends from every token to everything in its document.

    Args:
        layer: The layer.
        rows: Queries, keys and values, (T, H, D) each.
        short: The documents.

    Returns:
        (T, E).
    """
    q, k, v = (short.pad(row).transpose(1, 2) for row in (rows.q, rows.k, rows.v))
    # FlexAttention would compile a kernel for every shape, and with all keys seen by all has nothing to leave out.
    attend_all = attend if q.device.type == "cpu" else concatenated
    out = attend_all(q, [Keys(k, v, short.closed(q.dtype))], layer.dropout)
    return short.unpad(out.transpose(1, 2).flatten(2))


def from_few(
    layer: Layer, asking: Tensor, padded: Tensor, short: Short, projections: tuple[nn.Module, nn.Module, nn.Module]
) -> Tensor:
    """Attends from a few tokens of each document to everything in it.

    Args:
        layer: The layer.
        asking: Input of the tokens that ask, (B, g, E).
        padded: Input of all tokens, (B, N, E).
        short: The documents.
        projections: Into queries, keys and values.

    Returns:
        (B, g, E).
    """
    return few_rows(asking, padded, projections, layer.heads, short.closed(padded.dtype), layer.dropout)


def from_firsts(
    layer: Layer, hidden: Tensor, short: Short, projections: tuple[nn.Module, nn.Module, nn.Module]
) -> Tensor:
    """Attends from the first token of each document to everything in it, (B, E); see `from_few`."""
    padded = short.pad(hidden)
    return from_few(layer, padded[:, :1], padded, short, projections).squeeze(1)
