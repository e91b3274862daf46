"""BERT and RoBERTa weights in the places of Nystromformer."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from transformers import NystromformerConfig, NystromformerForSequenceClassification, PreTrainedModel

from gonerd.models.heads import HEADS, head_of

from ._names import BERT_NAMES
from ._sources import POSITIONS, SOURCES, check, fill, kept, tiled, weights

__all__ = ["SOURCES", "keep_head_activation", "to_nystromformer"]

_UNUSED = 2  # rows of the position table that no token reads


def to_nystromformer(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Makes a Nystromformer of a BERT or RoBERTa, or extends one that is a Nystromformer already.

    Position embeddings are the learnt ones over and over; the pooler of a bare encoder has no place. Hugging Face's
    class always has the convolution. It begins as zero, so that a text of no more tokens than landmarks has the
    source's outputs, and learns from there.

    The head for whole texts has a tanh in BERT and RoBERTa, and the model's own activation in a Nystromformer. The
    configuration field `head_act` keeps the tanh for models that are loaded here; plain transformers ignores it.

    Args:
        model: Source, left as it is.
        max_length: Tokens that the result takes.
        options: `num_landmarks` and `conv_kernel_size`.

    Returns:
        A new model with the same head, on the same device, in the same mode and data type.

    Raises:
        GonerdError: The source has a part that a Nystromformer cannot hold.
    """
    if model.config.model_type == "nystromformer":
        return _extended(model, max_length, options)
    head = head_of(type(model).__name__)
    check(model.config, head, bert_head=True)
    body, rest, learnt = weights(model, head)
    # One number more where they would be equal, which means full attention.
    segments = max_length + (max_length == options.num_landmarks)
    config = NystromformerConfig(
        **kept(model.config),
        **options.model_dump(),
        pad_token_id=model.config.pad_token_id or 0,
        segment_means_seq_len=segments,
        max_position_embeddings=max_length,
    )
    if head == "sequence-classification":
        config.head_act = "tanh"
        warnings.warn(
            "the head for whole texts keeps its tanh only where gonerd loads it; plain transformers would apply "
            f"{config.hidden_act!r} instead",
            stacklevel=3,
        )
    result: PreTrainedModel = HEADS[head].auto.from_config(config)
    body = {name: value for name, value in body.items() if not name.startswith("pooler.")}
    body[POSITIONS] = tiled(learnt, _UNUSED, max_length)
    if head == "masked-lm":
        rest = {name: value for name, value in BERT_NAMES[head].theirs(rest).items()}
    prefix = "" if head == "base" else "nystromformer."
    convolutions = {name: torch.zeros_like(x) for name, x in result.state_dict().items() if name.endswith("conv.weight")}
    fill(
        result.to(model.device, model.dtype),
        {**{f"{prefix}{name}": value for name, value in body.items()}, **rest, **convolutions},
    )
    result.train(model.training)
    return result


def keep_head_activation(model: PreTrainedModel) -> None:
    """Gives the head for whole texts the activation that the field `head_act` names, where there is one."""
    chosen = getattr(model.config, "head_act", None)
    if chosen and isinstance(model, NystromformerForSequenceClassification):
        # Hugging Face's head looks up the activation of the model's configuration in each call.
        model.classifier.config = copy.deepcopy(model.config)
        model.classifier.config.hidden_act = chosen


def _extended(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Gives a Nystromformer other landmarks and, where it was shorter, more positions."""
    result = copy.deepcopy(model)
    config: Any = result.config
    body: Any = result.base_model
    embeddings = body.embeddings
    table = embeddings.position_embeddings
    if max_length > table.num_embeddings - _UNUSED:
        rows = tiled(table.weight.detach()[_UNUSED:], _UNUSED, max_length)
        rows[:_UNUSED] = table.weight.detach()[:_UNUSED]
        embeddings.position_embeddings = nn.Embedding.from_pretrained(rows, freeze=False)
        places: Tensor = torch.arange(max_length, device=rows.device)[None]
        embeddings.position_ids, embeddings.token_type_ids = places + _UNUSED, torch.zeros_like(places)
        config.max_position_embeddings = config.segment_means_seq_len = max_length
    if "num_landmarks" in options.model_fields_set:
        config.num_landmarks = options.num_landmarks
    for layer in body.encoder.layer:
        attention = layer.attention.self
        attention.num_landmarks, attention.seq_len = config.num_landmarks, config.segment_means_seq_len
    return result
