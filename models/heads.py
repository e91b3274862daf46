"""The heads an encoder may bear, and how to tell and load them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from gonerd.errors import GonerdError, unknown_name


@dataclass(frozen=True)
class Head:
    """One kind of head.

    Attributes:
        auto: Auto class that loads a model with it.
        suffixes: Endings of the architecture names that bear it.
    """

    auto: Any
    suffixes: tuple[str, ...]


HEADS = {
    "base": Head(AutoModel, ("Model",)),
    "masked-lm": Head(AutoModelForMaskedLM, ("ForMaskedLM", "ForPreTraining")),
    "token-classification": Head(AutoModelForTokenClassification, ("ForTokenClassification",)),
    "sequence-classification": Head(AutoModelForSequenceClassification, ("ForSequenceClassification",)),
    "question-answering": Head(AutoModelForQuestionAnswering, ("ForQuestionAnswering",)),
}


def head_named(name: str) -> Head:
    """Returns the head of that name.

    Raises:
        UsageError: There is none; the message names the nearest.
    """
    if name not in HEADS:
        raise unknown_name("head", name, HEADS)
    return HEADS[name]


def head_of(architecture: str) -> str:
    """Returns the name of the head that an architecture bears, for instance "masked-lm" for "BertForMaskedLM".

    Raises:
        GonerdError: The architecture bears some other head.
    """
    for name, head in HEADS.items():
        if architecture.endswith(head.suffixes):
            return name
    raise GonerdError(
        f"architecture {architecture!r} (config.json, field 'architectures') has a head that is not supported; "
        f"use a model with one of: {', '.join(HEADS)}"
    )
