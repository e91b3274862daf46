"""Embeddings of the real tokens of a batch, and the positions of these.

Shapes: B batch, N tokens of the padded batch, T rows, E width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gonerd.errors import GonerdError

from ._families import first_position
from ._rows import Packing


def embedded(
    body: Any,
    packed: Packing,
    input_ids: Tensor | None,
    token_type_ids: Tensor | None,
    position_ids: Tensor | None,
    inputs_embeds: Tensor | None,
) -> Tensor:
    """Embeds the real tokens, (T, E)."""
    given = input_ids if input_ids is not None else inputs_embeds
    assert given is not None
    embeddings = body.embeddings
    if position_ids is None:
        rows = _positions(packed, body, input_ids, given.device)
    else:
        rows = packed.pack(position_ids.expand(given.shape[:2]))
    _check_positions(rows, packed, embeddings.position_embeddings.num_embeddings)
    types = torch.zeros_like(rows) if token_type_ids is None else packed.pack(token_type_ids.expand(given.shape[:2]))
    name = "input_ids" if input_ids is not None else "inputs_embeds"
    out: Tensor = embeddings(**{name: packed.pack(given)[None]}, token_type_ids=types[None], position_ids=rows[None])
    return out[0]


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _check_positions(rows: Tensor, packed: Packing, limit: int) -> None:
    if len(rows) and int(rows.max()) >= limit:
        longest = max(document.length for document in packed.documents)
        raise GonerdError(
            f"a text of {longest} tokens needs position {int(rows.max())}, and the model has {limit} of them "
            "(config.json, field 'max_position_embeddings'); convert it to a greater length, or cut the text"
        )


def _positions(packed: Packing, body: Any, input_ids: Tensor | None, device: Any) -> Tensor:
    """Positions within each document, (T,); RoBERTa's family skips padding inside it."""
    padding_idx: int | None = getattr(body.embeddings, "padding_idx", None)
    if padding_idx is None or input_ids is None:
        counted = [torch.arange(d.length, device=device) for d in packed.documents]
        rows = torch.cat(counted) if counted else torch.zeros(0, dtype=torch.long, device=device)
        return rows + first_position(body)
    real = input_ids.ne(padding_idx).long()
    return packed.pack(real.cumsum(1) * real + padding_idx)
