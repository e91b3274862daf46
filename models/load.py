"""Loading a model by folder or hub id, with fast attention where a pattern brings it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gonerd.errors import GonerdError

from ._pretrained import architecture, locate, open_config, open_model, open_tokenizer
from .attention import accelerate, attention_used, pattern_of
from .attention._families import first_position
from .heads import head_of
from .note import remember
from .teacher import packaged_teacher
from .weights import weights_sha256

__all__ = [
    "attention_used",
    "load_model",
    "longest_input",
    "packaged_teacher",
    "position_limit",
    "weights_sha256",
]


def position_limit(model: PreTrainedModel) -> int:
    """Returns the number of tokens that a model has positions for.

    RoBERTa's family, Longformer included, spends the rows up to its padding id on no position at all, and
    Nystromformer two rows.
    """
    embeddings = getattr(model.base_model, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    if table is None:
        return int(model.config.max_position_embeddings)
    return int(table.num_embeddings) - first_position(model.base_model)


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Returns the longest window that both take; many tokenizers on the hub state no limit of their own."""
    return min(int(min(tokenizer.model_max_length, 1 << 30)), position_limit(model))


def load_model(
    path_or_id: Path | str,
    head: str | None,
    revision: str | None = None,
    device: str | torch.device | None = None,
    int8: bool = False,
    **config_overrides: Any,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Loads a model and its tokenizer, in evaluation mode, accelerated where a pattern knows its type.

    Args:
        path_or_id: Folder of a saved model, or a hub id.
        head: "base", "masked-lm", "token-classification", "sequence-classification" or "question-answering";
            None for the one the checkpoint bears.
        revision: Commit, tag or branch on the hub.
        device: Where to put the model; the CPU when not given.
        int8: Compute the dense layers in 8-bit integers; see `gonerd.models.accelerate`.
        config_overrides: Fields of the configuration, for instance `num_labels`, `id2label` and `label2id`, and
            `dtype`, which is torch.float32 when not given. With `attn_implementation` the model is left to compute
            what that names.

    Returns:
        The model and its tokenizer. `attention_used(model)` names the attention it computes.

    Raises:
        GonerdError: Something is missing, unreachable, malformed or not safetensors.
        UsageError: The head is unknown.
    """
    source = locate(path_or_id)
    config = open_config(source, revision)
    model = open_model(source, head or head_of(architecture(config)), revision, **config_overrides)
    tokenizer = open_tokenizer(source, revision)
    pattern = pattern_of(model)
    if pattern is not None and "attn_implementation" not in config_overrides:
        pattern.accelerate(model)
    elif int8:
        raise GonerdError(f"{source}: int8 needs accelerated attention, which this model does not get; leave it out")
    if device is not None:
        model.to(device)  # type: ignore[arg-type]  # transformers wraps it with a wrong signature
    if int8:
        accelerate(model, int8=True)
    remember(model, source=source, revision=revision)
    return model, tokenizer
