"""BERT and RoBERTa weights in Longformer's places (Beltagy et al. 2020, section 5)."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LongformerConfig, PreTrainedConfig, PreTrainedModel
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

from gonerd.errors import GonerdError
from gonerd.models.heads import HEADS, head_of

SOURCES = ("bert", "camembert", "roberta", "xlm-roberta")

# What a Longformer calls the parts of a head, and what BERT calls them; RoBERTa's names are Longformer's.
_BERT_HEADS = {
    "base": {},
    "masked-lm": {
        "lm_head.dense": "cls.predictions.transform.dense",
        "lm_head.layer_norm": "cls.predictions.transform.LayerNorm",
        "lm_head.decoder": "cls.predictions.decoder",
    },
    "token-classification": {"classifier": "classifier"},
    "sequence-classification": {"classifier.dense": "bert.pooler.dense", "classifier.out_proj": "classifier"},
    "question-answering": {"qa_outputs": "qa_outputs"},
}
_ROBERTA_HEADS = {
    "base": {},
    "masked-lm": {"lm_head": "lm_head"},
    "token-classification": {"classifier": "classifier"},
    "sequence-classification": {"classifier": "classifier"},
    "question-answering": {"qa_outputs": "qa_outputs"},
}
_KEPT = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "type_vocab_size", "initializer_range"),
    *("layer_norm_eps", "bos_token_id", "eos_token_id", "sep_token_id", "tie_word_embeddings", "id2label", "label2id"),
    *("problem_type", "chunk_size_feed_forward"),
)


def to_longformer(model: PreTrainedModel, max_length: int, options: Any) -> PreTrainedModel:
    """Makes a Longformer of a BERT or RoBERTa, or widens one that is a Longformer already.

    Position embeddings are the learnt ones over and over; the global projections begin as copies of the local ones.
    A Longformer is never shortened. A question-answering model made from BERT must be called with
    `global_attention_mask`: left out, Hugging Face looks for the three separators of a RoBERTa pair.

    Args:
        model: Source, left as it is.
        max_length: Tokens that the result takes.
        window: Width of the local window in every layer.

    Returns:
        A new model with the same head, on the same device, in the same mode and data type.

    Raises:
        GonerdError: The source has a part that a Longformer cannot hold.
    """
    if model.config.model_type == "longformer":
        return _widened(model, max_length, options.window)
    head = head_of(type(model).__name__)
    _check(model.config, head)
    pad = model.config.pad_token_id or 0
    kept = {key: getattr(model.config, key) for key in _KEPT if getattr(model.config, key, None) is not None}
    config = LongformerConfig(
        **kept, pad_token_id=pad, attention_window=options.window, max_position_embeddings=max_length + pad + 1
    )
    source = model.base_model
    options: dict[str, Any] = {} if source.pooler is not None or head != "base" else {"add_pooling_layer": False}
    result: PreTrainedModel = HEADS[head].auto.from_config(config, **options).to(model.device, model.dtype)
    _copy_body(source, result.base_model, learnt_from=0 if model.config.model_type == "bert" else pad + 1)
    parts = _BERT_HEADS if model.config.model_type == "bert" else _ROBERTA_HEADS
    for ours, theirs in parts[head].items():
        _copy(model.get_submodule(theirs), result.get_submodule(ours))
    result.train(model.training)
    return result


def _check(config: PreTrainedConfig, head: str) -> None:
    where = f"model type {config.model_type!r} (config.json)"
    if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
        raise GonerdError(
            f"{where}: field 'is_decoder' or 'add_cross_attention' is set; only encoders can be converted"
        )
    position = getattr(config, "position_embedding_type", None) or "absolute"
    if position != "absolute":
        raise GonerdError(f"{where}: field 'position_embedding_type' is {position!r}; only 'absolute' can be converted")
    if head == "masked-lm" and config.model_type == "bert" and config.hidden_act != "gelu":
        raise GonerdError(
            f"{where}: field 'hidden_act' is {config.hidden_act!r}, and Longformer's language-model head has 'gelu'; "
            "load the model without its head and convert that"
        )


def _copy(source: nn.Module, target: nn.Module) -> None:
    target.load_state_dict(source.state_dict())  # strict, and by value


def _copy_body(source: Any, target: Any, learnt_from: int) -> None:
    """Copies embeddings, layers and pooler; `learnt_from` is the source's row of the first position."""
    for name in ("word_embeddings", "token_type_embeddings", "LayerNorm"):
        _copy(getattr(source.embeddings, name), getattr(target.embeddings, name))
    learnt = source.embeddings.position_embeddings.weight.detach()[learnt_from:]
    _fill_positions(target.embeddings.position_embeddings, learnt)
    for theirs, ours in zip(source.encoder.layer, target.encoder.layer, strict=True):
        weights: dict[str, Tensor] = theirs.state_dict()
        for name in ("query", "key", "value"):
            for kind in ("weight", "bias"):
                weights[f"attention.self.{name}_global.{kind}"] = weights[f"attention.self.{name}.{kind}"]
        ours.load_state_dict(weights)
    if source.pooler is not None and target.pooler is not None:
        _copy(source.pooler, target.pooler)


def _fill_positions(embedding: nn.Embedding, learnt: Tensor) -> None:
    """Repeats the learnt rows behind the rows up to that of padding, which no real token reads."""
    first = (embedding.padding_idx or 0) + 1
    rows = torch.arange(embedding.num_embeddings - first, device=learnt.device) % len(learnt)
    with torch.no_grad():
        embedding.weight[:first] = 0.0
        embedding.weight[first:] = learnt[rows]


def _widened(model: PreTrainedModel, max_length: int, window: int) -> PreTrainedModel:
    result = copy.deepcopy(model)
    body: Any = result.base_model
    first = body.embeddings.padding_idx + 1
    old: nn.Embedding = body.embeddings.position_embeddings
    if max_length > old.num_embeddings - first:
        new = nn.Embedding(first + max_length, old.embedding_dim, padding_idx=old.padding_idx)
        body.embeddings.position_embeddings = new.to(old.weight.device, old.weight.dtype)
        _fill_positions(body.embeddings.position_embeddings, old.weight.detach()[first:])
        result.config.max_position_embeddings = first + max_length
    result.config.attention_window = [window] * result.config.num_hidden_layers
    for module in result.modules():
        if isinstance(module, LongformerSelfAttention):
            module.one_sided_attn_window_size = window // 2
    return result
