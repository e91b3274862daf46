"""A full-attention encoder of the size of another, with random weights: what its attention is to be held against."""

from __future__ import annotations

from typing import Any

import torch
from transformers import CONFIG_MAPPING, PreTrainedModel

from gonerd.errors import GonerdError

from ._pretrained import architecture, open_config
from .attention._families import FAMILIES
from .attention._mapping import shared_fields
from .heads import HEADS, head_of

# Each family's body is BERT's; only where positions begin differs, and the head.
_FULL = {"big_bird": "bert", "nystromformer": "bert", "longformer": "roberta", "lsg": "roberta"}


def full_attention(
    source: str, positions: int, seed: int = 0, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> PreTrainedModel:
    """Makes a BERT or RoBERTa as wide and deep as a model, with the same head, that attends through SDPA.

    Args:
        source: Folder or hub id of the model, of which the configuration alone is read.
        positions: Tokens that the result takes.
        seed: Seed of the weights.
        dtype: Type of the weights.
        device: Where to put it.

    Returns:
        The model, in evaluation mode.

    Raises:
        GonerdError: The model is not of BERT's families.
    """
    theirs = open_config(source, None)
    if not can_be_full(theirs.model_type):
        raise GonerdError(f"{source}: model type {theirs.model_type!r} is none of {', '.join(sorted(FAMILIES))}")
    kind, pad = _FULL.get(theirs.model_type, theirs.model_type), theirs.pad_token_id or 0
    first = pad + 1 if FAMILIES[kind].after_padding else 0
    fields = {**shared_fields(theirs), "pad_token_id": pad, "max_position_embeddings": positions + first}
    torch.manual_seed(seed)
    model: Any = HEADS[head_of(architecture(theirs))].auto.from_config(
        CONFIG_MAPPING[kind](**fields), attn_implementation="sdpa", dtype=dtype
    )
    made: PreTrainedModel = model.to(device).eval()
    return made


def can_be_full(model_type: str) -> bool:
    """Whether `full_attention` knows models of this type."""
    return model_type in FAMILIES
