"""Predictions for texts of any length from a fine-tuned model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gonerd.errors import GonerdError
from gonerd.records import Span
from gonerd.tokens import tokenize

from .finetuning import KINDS, Shape, TagExample
from .finetuning._pieces import owned
from .finetuning.running import predict_pieces
from .windows import check_window


@dataclass(frozen=True)
class Predictions:
    """What a model found.

    Attributes:
        spans: The spans of each text, in order.
        windows: How many windows were run.
        words: How many words the texts hold.
        words_unseen: Words that the tokenizer drops altogether, for instance lone control characters;
            they are tagged O.
    """

    spans: list[list[Span]]
    windows: int
    words: int
    words_unseen: int


def predict_spans(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    *,
    max_length: int,
    stride: int,
    batch_size: int = 1,
    global_attention: str = "none",
) -> Predictions:
    """Predicts the spans of texts of any length.

    Each word takes its tag from the window in which it stands farthest from a border where text was cut.

    Args:
        model: Token classifier whose `config.id2label` holds BIO tags.
        tokenizer: Its fast tokenizer (see `load_model`).
        texts: The texts.
        max_length: Positions in a window.
        stride: Positions that neighbouring windows share.
        batch_size: Windows run at once.
        global_attention: Which tokens are global, as in fine-tuning.

    Returns:
        The predictions, every character of every text considered.

    Raises:
        UsageError: The window or stride is out of range.
    """
    check_window(max_length, stride)
    names: dict[int, str] = model.config.id2label
    kind = KINDS.get("token-classification")(tuple(names[i] for i in range(len(names))))
    examples = [TagExample(str(i), text, tuple(tokenize(text)), ()) for i, text in enumerate(texts)]
    pieces = kind.pieces(tokenizer, examples, Shape(max_length, stride), gold=False)
    spans = predict_pieces(model, tokenizer, kind, examples, pieces, global_attention, batch_size)
    words = sum(len(example.words) for example in examples)
    return Predictions(spans, len(pieces), words, words - sum(map(len, owned(pieces))))


def predict(model: Any, tokenizer: Any, examples: Sequence[Any], *, batch_size: int = 1) -> list[Any]:
    """Predicts for examples of the kind that a model was fine-tuned for, cut as it was in training.

    Args:
        model: A model that `gonerd models finetune` made.
        tokenizer: Its fast tokenizer (see `load_model`).
        examples: Records of `gonerd.models.finetuning`; their gold labels are not looked at.
        batch_size: Windows run at once.

    Returns:
        One prediction an example: a class index, a number, a list of spans, or an `Answer`.

    Raises:
        GonerdError: The model was not made so, or a question leaves no room for its context.
    """
    known = (getattr(model.config, "task_specific_params", None) or {}).get("gonerd")
    if known is None:
        raise GonerdError(
            "the model's config.json has no 'task_specific_params' of gonerd; run `gonerd models finetune` first"
        )
    kind = KINDS.get(known["kind"])(tuple(known["labels"]))
    pieces = kind.pieces(tokenizer, examples, Shape(known["max_length"], known["stride"]), gold=False)
    return predict_pieces(model, tokenizer, kind, examples, pieces, known["global_attention"], batch_size)
