"""BERT and RoBERTa weights in the places of Nystromformer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import NystromformerConfig, PreTrainedModel

from ._families import first_position
from ._mapping import remade, widened


def to_nystromformer(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Makes a Nystromformer of a BERT or RoBERTa, or gives one other landmarks and more positions.

    The pooler of a bare encoder has no place. Hugging Face's class always has the convolution. It begins as zero, so
    that a text of no more tokens than landmarks has the source's outputs, and learns from there.

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
        return _changed(model, max_length, options)

    def convolution(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        like, heads = weights["attention.self.value.weight"], model.config.num_attention_heads
        return {"attention.self.conv.weight": like.new_zeros(heads, 1, options.conv_kernel_size, 1)}

    # With as many landmarks as tokens Hugging Face computes full attention, and so it would at any length.
    length = max_length + (max_length == options.num_landmarks)
    fields = {**options.model_dump(), "segment_means_seq_len": length}
    return remade(model, NystromformerConfig, max_length, convolution, **fields)


def _changed(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    result = widened(model, max_length)
    config: Any = result.config
    body: Any = result.base_model
    embeddings, unused = body.embeddings, first_position(body)
    held = embeddings.position_embeddings.num_embeddings - unused
    if held != model.config.max_position_embeddings:
        config.max_position_embeddings = config.segment_means_seq_len = held
        at = torch.arange(held, device=embeddings.position_ids.device)[None]
        embeddings.position_ids, embeddings.token_type_ids = at + unused, torch.zeros_like(at)
    if "num_landmarks" in options.model_fields_set:
        config.num_landmarks = options.num_landmarks
    for layer in body.encoder.layer:
        attention = layer.attention.self
        attention.num_landmarks, attention.seq_len = config.num_landmarks, config.segment_means_seq_len
    return result
