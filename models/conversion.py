"""Converting a full-attention encoder into one with efficient attention."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gonerd.errors import GonerdError, UsageError

from ._pretrained import architecture, locate, open_config, open_model, open_tokenizer
from .attention import ATTENTION, AttentionPattern
from .heads import head_of
from .note import note_of, remember
from .save import save
from .weights import weights_sha256

__all__ = ["convert", "save"]


def convert(
    model_or_id: PreTrainedModel | Path | str,
    attention: str = "longformer",
    max_length: int = 4096,
    window: int | None = None,
    revision: str | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
    **options: Any,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Makes an efficient model of a BERT- or RoBERTa-family encoder, with the same head.

    Where the pattern covers the whole text, and the text is no longer than the source allowed, the outputs are the
    source's. A model that has this attention already comes back with the options asked for and, if it was shorter,
    extended to `max_length`.

    Args:
        model_or_id: A model, a folder of a saved one, or a hub id.
        attention: Name of the pattern.
        max_length: Tokens that the result takes.
        window: The option `window` of patterns that have one.
        revision: Commit, tag or branch on the hub.
        tokenizer: Tokenizer of a model given as an object; looked up where that was loaded from when not given.
        options: The pattern's own, for instance `block_size`; `gonerd models attention` lists them.

    Returns:
        The accelerated model, which shares no storage with the source, and its tokenizer.

    Raises:
        GonerdError: The source is missing, unreachable or of a kind that cannot be converted.
        UsageError: The pattern or an option is unknown, or a length or an option impossible.

    Example:
        >>> model, tokenizer = convert("FacebookAI/roberta-base", max_length=4096)  # doctest: +SKIP
    """
    pattern = ATTENTION.get(attention)
    if max_length < 1:
        raise UsageError(f"max_length is {max_length}; give a positive number of tokens")
    chosen = pattern.read_options(options if window is None else {**options, "window": window})
    if isinstance(model_or_id, PreTrainedModel):
        source, place = model_or_id, str(model_or_id.name_or_path)
        _check(source.config, pattern, place or type(source).__name__)
        if tokenizer is None and not place:
            raise GonerdError("the model was not loaded from anywhere, so its tokenizer is unknown; pass tokenizer=")
    else:
        place = locate(model_or_id)
        config = open_config(place, revision)
        _check(config, pattern, place)
        source = open_model(place, head_of(architecture(config)), revision)
    tokenizer = copy.deepcopy(tokenizer) if tokenizer is not None else open_tokenizer(place, revision)
    chosen = chosen.model_copy(update=_known_tokens(chosen, tokenizer))
    result = pattern.convert(source, max_length, chosen)
    pattern.accelerate(result)
    if learnt := _learnt(source.config, max_length):
        cast(Any, result.config).task_specific_params = learnt
    _unlimit(tokenizer, max_length)
    facts: dict[str, Any] = {"source": place, "revision": revision, "source_sha256": weights_sha256(source)}
    facts |= {"pattern": pattern.name, "options": chosen.model_dump()}
    remember(result, **{**facts, **note_of(source), "source_layers": source.config.num_hidden_layers})
    return result, tokenizer


def _learnt(config: Any, max_length: int) -> dict[str, Any] | None:
    """How a fine-tuned model cuts texts and what its labels mean; in shorter windows where those have no room.

    A model that takes longer texts now still reads in windows as it learnt to, until it is told or taught otherwise.
    """
    learnt = copy.deepcopy(getattr(config, "task_specific_params", None))
    shape = (learnt or {}).get("gonerd", {})
    if shape.get("max_length", 0) > max_length:
        shape.update(max_length=max_length, stride=shape["stride"] * max_length // shape["max_length"])
    return learnt


def _known_tokens(options: BaseModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """The token ids that a pattern wants to know, that were not given, and that the tokenizer knows."""
    asked = {"first_token_id": ("cls_token_id", "bos_token_id"), "mask_token_id": ("mask_token_id",)}
    known = {}
    for name, places in asked.items():
        found = [getattr(tokenizer, place, None) for place in places]
        if getattr(options, name, 0) is None and any(token is not None for token in found):
            known[name] = next(token for token in found if token is not None)
    return known


def _unlimit(tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
    """Sets the new limit, and drops what the tokenizer's own file may order: some cut every text at 128 tokens."""
    tokenizer.model_max_length = max_length
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.no_truncation()
        backend.no_padding()
        for key in ("max_length", "stride", "pad_to_multiple_of"):
            tokenizer.init_kwargs.pop(key, None)


def _check(config: PreTrainedConfig, pattern: AttentionPattern, where: str) -> None:
    known = sorted({*pattern.sources, *pattern.model_types})
    if config.model_type not in known:
        raise GonerdError(
            f"{where}: model type {config.model_type!r} cannot be converted to {pattern.name!r} attention; "
            f"use one of {', '.join(known)}"
        )
