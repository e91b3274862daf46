"""The encoders that can be converted: what their configurations and weights say, in RoBERTa's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from gonerd.errors import GonerdError

from ._names import BERT_NAMES

SOURCES = ("bert", "camembert", "roberta", "xlm-roberta")
POSITIONS = "embeddings.position_embeddings.weight"

_KEPT = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "type_vocab_size"),
    *("initializer_range", "layer_norm_eps", "bos_token_id", "eos_token_id", "sep_token_id", "tie_word_embeddings"),
    *("id2label", "label2id", "problem_type", "chunk_size_feed_forward"),
)
# What a head does not read, although some classes hold it.
_UNREAD = ("cls.seq_relationship.", "embeddings.position_ids", "embeddings.token_type_ids")


def kept(config: PreTrainedConfig) -> dict[str, Any]:
    """Returns the fields that a converted model shares with its source."""
    fields = {name: getattr(config, name, None) for name in _KEPT}
    return {name: value for name, value in fields.items() if value is not None}


def check(config: PreTrainedConfig, head: str, bert_head: bool) -> None:
    """Refuses what a converted model cannot hold.

    Args:
        config: The source's configuration.
        head: Name of its head.
        bert_head: Whether the language-model head of the target is BERT's, with the activation of the whole model,
            or RoBERTa's, which is always "gelu".

    Raises:
        GonerdError: The source has such a part.
    """
    where = f"model type {config.model_type!r} (config.json)"
    if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
        raise GonerdError(
            f"{where}: field 'is_decoder' or 'add_cross_attention' is set; only encoders can be converted"
        )
    position = getattr(config, "position_embedding_type", None) or "absolute"
    if position != "absolute":
        raise GonerdError(f"{where}: field 'position_embedding_type' is {position!r}; only 'absolute' can be converted")
    if head == "masked-lm" and config.hidden_act != "gelu" and bert_head != (config.model_type == "bert"):
        raise GonerdError(
            f"{where}: field 'hidden_act' is {config.hidden_act!r}, and the language-model head needs 'gelu'; "
            "load the model without its head and convert that"
        )


def weights(model: PreTrainedModel, head: str) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Takes a source apart.

    Args:
        model: The source.
        head: Name of its head.

    Returns:
        The weights of the encoder, those of its head, both by RoBERTa's names without prefix, and the rows of the
        learnt positions from the first one on.
    """
    state: Mapping[str, Tensor] = {
        name: value for name, value in model.state_dict().items() if not name.startswith(_UNREAD)
    }
    first = 0
    if model.config.model_type == "bert":
        state = BERT_NAMES[head].ours(state)
    else:
        first = (model.config.pad_token_id or 0) + 1
    bare, prefix = head == "base", "roberta."
    body = {name.removeprefix(prefix): value for name, value in state.items() if bare or name.startswith(prefix)}
    rest = {} if bare else {name: value for name, value in state.items() if not name.startswith(prefix)}
    return body, rest, body[POSITIONS][first:]


def tiled(learnt: Tensor, before: int, count: int) -> Tensor:
    """Repeats learnt rows `count` times over, behind `before` rows of zeros, which no real token reads."""
    rows = torch.arange(count, device=learnt.device) % len(learnt)
    return torch.cat([learnt.new_zeros(before, learnt.shape[1]), learnt[rows]])


def fill(model: PreTrainedModel, state: Mapping[str, Tensor]) -> None:
    """Copies weights into a model that was made for them.

    Raises:
        GonerdError: A weight is missing, or one has no place.
    """
    report = model.load_state_dict(state, strict=False)
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    missing = [name for name in report.missing_keys if name not in tied]
    if missing or report.unexpected_keys:
        raise GonerdError(
            f"{type(model).__name__}: {len(missing)} weights are missing ({', '.join(missing[:5]) or 'none'}) and "
            f"{len(report.unexpected_keys)} have no place ({', '.join(report.unexpected_keys[:5]) or 'none'})"
        )
