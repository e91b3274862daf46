"""BERT and RoBERTa weights in the places of LSG, and what its global tokens begin as."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from gonerd.errors import GonerdError, UsageError
from gonerd.models.modeling_lsg import GLOBALS, LSGConfig

from ._families import first_position
from ._mapping import remade, widened

_STRIDE = 64  # positions between two neighbouring global tokens, of 512
TOKENS = {"first_token_id", "mask_token_id"}  # options that are no sizes


def to_lsg(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Makes an LSG encoder of a BERT or RoBERTa, or gives one that is LSG already other options and more positions.

    The first global token begins as the first token of every text. With that one hidden (`mask_first_token`) and no
    other global token, the outputs for texts of up to two blocks are the source's. Further global tokens begin as mask
    tokens at positions far apart.

    Args:
        model: Source, left as it is.
        max_length: Tokens that the result takes.
        options: Fields of `LSGConfig`, and the ids of two tokens.

    Returns:
        A new model with the same head, on the same device, in the same mode and data type.

    Raises:
        GonerdError: The source has a part that LSG cannot hold, or does not say which token begins a text.
        UsageError: The sizes do not go together.
    """
    if model.config.model_type == "lsg":
        changed = options.model_dump(exclude=TOKENS, exclude_unset=True)
        try:
            sizes = LSGConfig(**{**model.config.to_dict(), **changed})
        except ValueError as error:
            raise UsageError(f"lsg: {error}") from error
        result = widened(model, max_length)
        for name in changed:
            setattr(result.config, name, getattr(sizes, name))
        embeddings: Any = result.base_model.embeddings
        embeddings.num_global_tokens = sizes.num_global_tokens
        return result
    result = remade(model, LSGConfig, max_length, **options.model_dump(exclude=TOKENS))
    body: Any = result.base_model
    with torch.no_grad():
        body.embeddings.global_embeddings.weight.copy_(_globals(model, options))
    return result


def _globals(model: PreTrainedModel, options: Any) -> Tensor:
    """What the global tokens' embeddings begin as, (512, E)."""
    config, body = model.config, model.base_model
    stated = (options.first_token_id, getattr(config, "cls_token_id", None), config.bos_token_id)
    first = next((token for token in stated if token is not None), None)
    if first is None:
        raise GonerdError(
            f"model type {config.model_type!r} (config.json) does not say which token begins a text; "
            "pass the tokenizer, or the option first_token_id"
        )
    mask = first if options.mask_token_id is None else options.mask_token_id
    embeddings: Any = body.embeddings
    words, types = embeddings.word_embeddings.weight, embeddings.token_type_embeddings.weight
    learnt = embeddings.position_embeddings.weight[first_position(body) :]
    number = torch.arange(GLOBALS, device=words.device)
    places = number % (GLOBALS // _STRIDE) * _STRIDE + number // (GLOBALS // _STRIDE)
    tokens = words[torch.where(number == 0, first, mask)]
    made: Tensor = tokens + learnt[places * len(learnt) // GLOBALS] + types[0]
    return made
