"""Halving an encoder: a student that keeps some of its teacher's layers (Sanh et al. 2019, DistilBERT, section 3)."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator
from torch import nn
from transformers import PreTrainedModel

from gonerd.errors import GonerdError, UsageError, unknown_name

from .note import remember
from .weights import weights_sha256

Model = TypeVar("Model", bound=PreTrainedModel)

_NUMBERS = re.compile(r"\s*\d+\s*(,\s*\d+\s*)*")
CHOICES = ("every-other", "first", "last", "first-last")


def halve(model: Model, layers: str | Sequence[int] = "every-other") -> Model:
    """Makes a student with half the layers; everything else is copied.

    Args:
        model: Teacher: BERT, RoBERTa, Longformer, BigBird, Nystromformer or another model with a list `encoder.layer`,
            with any head; left as it is.
        layers: "every-other" keeps 0, 2, 4, …; "first" and "last" keep as many from one end; "first-last" keeps both
            ends and drops the middle, as in the symmetric dropping of Sajjad et al. 2023 (arXiv:2004.03844, section
            3.3), the first of them one more where they are odd in number; a list of layer numbers, or such a list as
            text ("0,2,4"), keeps just those, in that order. Of an odd number the larger half is kept.

    Returns:
        The student, trainable throughout, in the teacher's mode and on its device; no storage is shared.

    Raises:
        GonerdError: The model has no list of encoder layers, or only one.
        UsageError: `layers` is unknown, empty, out of range or names a layer twice.
    """
    kept = kept_layers(len(_layers(model)), layers)
    student = copy.deepcopy(model)
    # A teacher may be frozen and carry gradients; its student starts afresh.
    student.requires_grad_(True)
    student.zero_grad(set_to_none=True)
    body: Any = student.base_model
    body.encoder.layer = nn.ModuleList(body.encoder.layer[i] for i in kept)
    for number, layer in enumerate(body.encoder.layer):
        for module in layer.modules():
            # BigBird's random blocks follow from `seed`, the layer's number, as they will when it is loaded again.
            for field in ("layer_id", "layer_idx", "seed"):
                if isinstance(getattr(module, field, None), int):
                    setattr(module, field, number)
    student.config.num_hidden_layers = len(kept)
    windows = getattr(student.config, "attention_window", None)
    if isinstance(windows, list):
        student.config.attention_window = [windows[i] for i in kept]
    facts = {"teacher_layers": len(_layers(model)), "kept_layers": kept, "teacher_sha256": weights_sha256(model)}
    remember(student, **facts)
    return student


def kept_layers(count: int, layers: str | Sequence[int] = "every-other") -> list[int]:
    """Lists the layers that `halve` keeps of `count`.

    Raises:
        GonerdError: There is only one layer.
        UsageError: `layers` is unknown, empty, out of range or names a layer twice.
    """
    half = (count + 1) // 2
    if isinstance(layers, str) and _NUMBERS.fullmatch(layers):
        layers = [int(number) for number in layers.split(",")]
    if not isinstance(layers, str):
        kept = list(layers)
        if not kept or len(set(kept)) < len(kept) or not all(0 <= i < count for i in kept):
            raise UsageError(f"layers {kept}: give each of 0..{count - 1} at most once, and at least one of them")
        return kept
    if count < 2:
        raise GonerdError("the model has a single layer and cannot be halved; choose one with two or more")
    if layers not in CHOICES:
        raise _unknown(layers)
    return {
        "every-other": list(range(0, count, 2)),
        "first": list(range(half)),
        "last": list(range(count - half, count)),
        "first-last": [*range((half + 1) // 2), *range(count - half // 2, count)],
    }[layers]


def known_choice(layers: str | tuple[int, ...]) -> str | tuple[int, ...]:
    """Returns a choice of layers as it is; its numbers are checked by `kept_layers`, which knows how many there are.

    Raises:
        ValueError: It is the name of none.
    """
    if isinstance(layers, str) and layers not in CHOICES and not _NUMBERS.fullmatch(layers):
        raise ValueError(str(_unknown(layers)))
    return layers


def _unknown(layers: str) -> UsageError:
    return unknown_name("choice of layers", layers, CHOICES)


Choice = Annotated[str | tuple[int, ...], AfterValidator(known_choice)]
"""A choice of layers in settings."""


def _layers(model: PreTrainedModel) -> nn.ModuleList:
    layers = getattr(getattr(model.base_model, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList):
        raise GonerdError(
            f"model type {model.config.model_type!r} has no list 'encoder.layer'; halve a BERT, RoBERTa or Longformer"
        )
    return layers
