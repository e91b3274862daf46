"""BERT and RoBERTa weights in the places of LSG, and what its global tokens begin as."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from gonerd.errors import GonerdError, UsageError
from gonerd.models.heads import HEADS, head_of
from gonerd.models.modeling_lsg import GLOBALS, LSGConfig

from ._sources import POSITIONS, SOURCES, check, fill, kept, tiled, weights

__all__ = ["SOURCES", "to_lsg"]

_STRIDE = 64  # positions between two neighbouring global tokens, of 512


def to_lsg(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Makes an LSG encoder of a BERT or RoBERTa, or extends one that is LSG already.

    Position embeddings are the learnt ones over and over. The first global token begins as the first token of every
    text: with that one hidden (`mask_first_token`) and no other global token, the outputs for texts of up to two
    blocks are the source's. Further global tokens begin as mask tokens at positions far apart.

    Args:
        model: Source, left as it is.
        max_length: Tokens that the result takes.
        options: Fields of `LSGConfig`.

    Returns:
        A new model with the same head, on the same device, in the same mode and data type.

    Raises:
        GonerdError: The source has a part that LSG cannot hold.
        UsageError: The sizes do not go together.
    """
    if model.config.model_type == "lsg":
        return _extended(model, max_length, options)
    head = head_of(type(model).__name__)
    check(model.config, head, bert_head=False)
    body, rest, learnt = weights(model, head)
    pad = model.config.pad_token_id or 0
    config = _config(
        **kept(model.config),
        **options.model_dump(exclude={"first_token_id", "mask_token_id"}),
        pad_token_id=pad,
        max_position_embeddings=pad + 1 + max_length,
    )
    bare = head == "base"
    result: PreTrainedModel = HEADS[head].auto.from_config(
        config, **({"add_pooling_layer": "pooler.dense.weight" in body} if bare else {})
    )
    if not bare:
        body = {name: value for name, value in body.items() if not name.startswith("pooler.")}
    body[POSITIONS] = tiled(learnt, pad + 1, max_length)
    body["embeddings.global_embeddings.weight"] = _globals(body, learnt, model.config, options)
    prefix = "" if bare else "roberta."
    fill(result.to(model.device, model.dtype), {**{f"{prefix}{name}": x for name, x in body.items()}, **rest})
    result.train(model.training)
    return result


def _config(**fields: Any) -> LSGConfig:
    try:
        return LSGConfig(**fields)
    except ValueError as error:
        raise UsageError(f"lsg: {error}") from error


def _globals(body: dict[str, Tensor], learnt: Tensor, config: Any, options: Any) -> Tensor:
    """What the global tokens' embeddings begin as, (512, E)."""
    words, types = (body[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "token_type"))
    first = options.first_token_id
    if first is None:
        first = next((i for i in (getattr(config, "cls_token_id", None), config.bos_token_id) if i is not None), None)
    if first is None:
        raise GonerdError(
            f"model type {config.model_type!r} (config.json) does not say which token begins a text; "
            "pass the tokenizer, or the option first_token_id"
        )
    mask = first if options.mask_token_id is None else options.mask_token_id
    number = torch.arange(GLOBALS, device=words.device)
    spread = (number % (GLOBALS // _STRIDE) * _STRIDE + number // (GLOBALS // _STRIDE)) * len(learnt) // GLOBALS
    tokens = words[torch.where(number == 0, first, mask)]
    return tokens + learnt[spread] + types[0]


def _extended(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Gives an LSG encoder other options and, where it was shorter, more positions."""
    result = copy.deepcopy(model)
    old: Any = model.config
    changed = options.model_dump(exclude={"first_token_id", "mask_token_id"}, exclude_unset=True)
    new = _config(**{**old.to_dict(), **changed})
    for name in changed:
        setattr(result.config, name, getattr(new, name))
    embeddings: Any = result.base_model.embeddings
    embeddings.num_global_tokens = new.num_global_tokens
    before = embeddings.padding_idx + 1
    table = embeddings.position_embeddings
    if max_length > table.num_embeddings - before:
        rows = tiled(table.weight.detach()[before:], before, max_length)
        embeddings.position_embeddings = torch.nn.Embedding.from_pretrained(
            rows, freeze=False, padding_idx=table.padding_idx
        )
        result.config.max_position_embeddings = len(rows)
    return result
