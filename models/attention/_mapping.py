"""Weights of one family of encoders in another's places."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from gonerd.errors import GonerdError
from gonerd.models.heads import HEADS, head_of

from ._families import FAMILIES, Family, first_position

_KEPT = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "type_vocab_size", "initializer_range"),
    *("layer_norm_eps", "bos_token_id", "eos_token_id", "sep_token_id", "tie_word_embeddings", "id2label", "label2id"),
    *("problem_type", "chunk_size_feed_forward", "classifier_dropout"),
)


def shared_fields(config: PreTrainedConfig) -> dict[str, Any]:
    """Returns what a configuration states of what all families have: sizes, activations, labels."""
    return {key: getattr(config, key) for key in _KEPT if getattr(config, key, None) is not None}


def remade(
    model: PreTrainedModel,
    config_class: Callable[..., PreTrainedConfig],
    max_length: int,
    more_weights: Callable[[dict[str, Tensor]], dict[str, Tensor]] = lambda weights: {},
    **fields: Any,
) -> PreTrainedModel:
    """Makes a model of another family, with the same head.

    Position embeddings are the learnt ones over and over (Beltagy et al. 2020, "Longformer", section 5).

    Args:
        model: Source, left as it is.
        config_class: Configuration of the other family.
        max_length: Tokens that the result takes.
        more_weights: Makes the weights that only a layer of the other family has from those of a source's layer.
        fields: Fields of the configuration beside those that both families have.

    Returns:
        A new model on the same device, in the same mode and data type. No storage is shared.

    Raises:
        GonerdError: The source has a part that the other family cannot hold.
    """
    head, pad = head_of(type(model).__name__), model.config.pad_token_id or 0
    config = config_class(**shared_fields(model.config), pad_token_id=pad, **fields)
    source, target = FAMILIES[model.config.model_type], FAMILIES[config.model_type]
    config.max_position_embeddings = max_length + (pad + 1 if target.after_padding else 0)
    _check(model.config, config, head)
    body: Any = model.base_model
    bare = head == "base" and body.pooler is None and target.pools
    options: dict[str, Any] = {"add_pooling_layer": False} if bare else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)  # what the source lacks, for instance a pooler, is the same in every conversion
        result: PreTrainedModel = HEADS[head].auto.from_config(config, **options)
    result.to(model.device, model.dtype)  # type: ignore[arg-type]  # transformers wraps it with a wrong signature
    _copy_body(body, result.base_model, pad + 1 if source.after_padding else 0, more_weights)
    for part, name in target.heads[head].items():
        _copy(model.get_submodule(source.heads[head][part]), result.get_submodule(name))
    result.train(model.training)
    return result


def _check(source: PreTrainedConfig, target: PreTrainedConfig, head: str) -> None:
    where = f"model type {source.model_type!r} (config.json)"
    if getattr(source, "is_decoder", False) or getattr(source, "add_cross_attention", False):
        raise GonerdError(
            f"{where}: field 'is_decoder' or 'add_cross_attention' is set; only encoders can be converted"
        )
    position = getattr(source, "position_embedding_type", None) or "absolute"
    if position != "absolute":
        raise GonerdError(f"{where}: field 'position_embedding_type' is {position!r}; only 'absolute' can be converted")
    remedy = "load the model without its head (base) and convert that"
    if head not in FAMILIES[target.model_type].heads:
        raise GonerdError(f"{where}: the {head} head of {target.model_type!r} cannot hold that of the model; {remedy}")
    theirs, ours = (_activation(FAMILIES[config.model_type], head, config) for config in (source, target))
    if theirs != ours:
        raise GonerdError(
            f"{where}: the {head} head applies {theirs!r} (field 'hidden_act' is {source.hidden_act!r}), and that of "
            f"{target.model_type!r} {ours!r}; {remedy}"
        )


def _activation(family: Family, head: str, config: PreTrainedConfig) -> str | None:
    """What a head applies between its layers; None where it has only one."""
    if len(family.heads.get(head, ())) < 2:
        return None
    return family.activations.get(head, str(config.hidden_act))


def _copy(source: nn.Module, target: nn.Module) -> None:
    target.load_state_dict(source.state_dict())  # strict, and by value


def _copy_body(
    source: Any, target: Any, learnt_from: int, more_weights: Callable[[dict[str, Tensor]], dict[str, Tensor]]
) -> None:
    """Copies embeddings, layers and pooler; `learnt_from` is the source's row of the first position."""
    for name in ("word_embeddings", "token_type_embeddings", "LayerNorm"):
        _copy(getattr(source.embeddings, name), getattr(target.embeddings, name))
    learnt = source.embeddings.position_embeddings.weight.detach()[learnt_from:]
    fill_positions(target.embeddings.position_embeddings, learnt, first_position(target))
    for theirs, ours in zip(source.encoder.layer, target.encoder.layer, strict=True):
        weights: dict[str, Tensor] = theirs.state_dict()
        ours.load_state_dict({**weights, **more_weights(weights)})
    if source.pooler is not None and getattr(target, "pooler", None) is not None:
        # BigBird has the pooler's layer itself where the others have it inside.
        _copy(*(getattr(body.pooler, "dense", body.pooler) for body in (source, target)))


def fill_positions(embedding: nn.Embedding, learnt: Tensor, first: int) -> None:
    """Repeats the learnt rows from row `first` on; those before it belong to padding, which no real token reads."""
    rows = torch.arange(embedding.num_embeddings - first, device=learnt.device) % len(learnt)
    with torch.no_grad():
        embedding.weight[:first] = 0.0
        embedding.weight[first:] = learnt[rows]


def widened(model: PreTrainedModel, max_length: int) -> PreTrainedModel:
    """Copies a model and repeats its positions until it takes `max_length` tokens; it is never shortened."""
    result = copy.deepcopy(model)
    body: Any = result.base_model
    first, old = first_position(body), body.embeddings.position_embeddings
    if max_length <= old.num_embeddings - first:
        return result
    total = first + max_length
    new = nn.Embedding(total, old.embedding_dim, padding_idx=old.padding_idx)
    body.embeddings.position_embeddings = new.to(old.weight.device, old.weight.dtype)
    fill_positions(body.embeddings.position_embeddings, old.weight.detach()[first:], first)
    result.config.max_position_embeddings = total
    at = torch.arange(total, device=old.weight.device).expand(1, -1)
    for name, value in (("position_ids", at), ("token_type_ids", torch.zeros_like(at))):
        if getattr(body.embeddings, name, None) is not None:
            setattr(body.embeddings, name, value)
    return result
