"""What the families of encoders call the parts of their heads, and what those compute with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_BERT_LANGUAGE_MODEL = {
    "transform": "cls.predictions.transform.dense",
    "norm": "cls.predictions.transform.LayerNorm",
    "decoder": "cls.predictions.decoder",
}
_ROBERTA_LANGUAGE_MODEL = {
    "transform": "lm_head.dense",
    "norm": "lm_head.layer_norm",
    "decoder": "lm_head.decoder",
}
_TOKEN = {"out": "classifier"}
_ANSWER = {"out": "qa_outputs"}
_CLASSIFIER = {"dense": "classifier.dense", "out": "classifier.out_proj"}


@dataclass(frozen=True)
class Family:
    """One family of encoders, all of whose bodies have BERT's names.

    Attributes:
        heads: The modules of each head that another family's can become, by head and part.
        activations: What a head applies between its layers, by head; `hidden_act` of the configuration when not named.
        after_padding: Whether positions begin behind the padding id, as in RoBERTa, and not at 0.
        unused: Rows of the table of positions before the first one that is used, where that is not `after_padding`.
        pools: Whether a bare encoder may have a pooler.
    """

    heads: dict[str, dict[str, str]]
    activations: dict[str, str]
    after_padding: bool
    unused: int = 0
    pools: bool = True


_ROBERTA = Family(
    heads={
        "base": {},
        "masked-lm": _ROBERTA_LANGUAGE_MODEL,
        "token-classification": _TOKEN,
        "sequence-classification": _CLASSIFIER,
        "question-answering": _ANSWER,
    },
    activations={"masked-lm": "gelu", "sequence-classification": "tanh"},
    after_padding=True,
)
FAMILIES = {
    "bert": Family(
        heads={
            "base": {},
            "masked-lm": _BERT_LANGUAGE_MODEL,
            "token-classification": _TOKEN,
            "sequence-classification": {"dense": "bert.pooler.dense", "out": "classifier"},
            "question-answering": _ANSWER,
        },
        activations={"sequence-classification": "tanh"},
        after_padding=False,
    ),
    **dict.fromkeys(("camembert", "longformer", "lsg", "roberta", "xlm-roberta"), _ROBERTA),
    # Its question-answering head has a whole feed-forward block, which no other family's can become.
    "big_bird": Family(
        heads={
            "base": {},
            "masked-lm": _BERT_LANGUAGE_MODEL,
            "token-classification": _TOKEN,
            "sequence-classification": _CLASSIFIER,
        },
        activations={},
        after_padding=False,
    ),
    "nystromformer": Family(
        heads={
            "base": {},
            "masked-lm": _BERT_LANGUAGE_MODEL,
            "token-classification": _TOKEN,
            "sequence-classification": _CLASSIFIER,
            "question-answering": _ANSWER,
        },
        activations={},
        after_padding=False,
        unused=2,
        pools=False,
    ),
}
SOURCES = ("bert", "camembert", "roberta", "xlm-roberta")


def first_position(body: Any) -> int:
    """Returns the row of the first position of a base model."""
    padding: int | None = getattr(body.embeddings, "padding_idx", None)
    if padding is not None:
        return padding + 1
    family = FAMILIES.get(body.config.model_type)
    return 0 if family is None else family.unused
