"""Spans of whole documents from a token-classification model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gonerd.labels import mentions
from gonerd.progress import track
from gonerd.records import Span
from gonerd.tokens import tokenize

from .windows import Window, check_window, collate, make_windows, takes_global_mask


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
    model: Any, tokenizer: Any, texts: Sequence[str], *, max_length: int, stride: int, batch_size: int = 1
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

    Returns:
        The predictions, every character of every text considered.

    Raises:
        UsageError: The window or stride is out of range.
    """
    check_window(max_length, stride)
    tokens = [tokenize(text) for text in texts]
    windows: list[Window] = []
    for i, (text, offsets) in enumerate(zip(texts, tokens, strict=True)):
        windows += make_windows(tokenizer, [text[start:end] for start, end in offsets], max_length, stride, i)
    best: list[dict[int, tuple[int, int, float]]] = [{} for _ in texts]  # word -> (margin, tag, probability)
    windows.sort(key=lambda window: len(window.input_ids), reverse=True)  # equal lengths together: less padding
    batches = [windows[i : i + batch_size] for i in range(0, len(windows), batch_size)]
    for batch in track(batches, "predict"):
        for window, probabilities, classes in zip(batch, *_run(model, tokenizer, batch), strict=True):
            held = best[window.document]
            for position, word in enumerate(window.words):
                margin = window.margins[position]
                if word >= 0 and (word not in held or margin > held[word][0]):
                    held[word] = (margin, int(classes[position]), float(probabilities[position]))
    names: dict[int, str] = model.config.id2label
    spans = [_decode(found, offsets, names) for found, offsets in zip(best, tokens, strict=True)]
    words = sum(len(offsets) for offsets in tokens)
    return Predictions(spans, len(windows), words, words - sum(len(found) for found in best))


def _run(model: Any, tokenizer: Any, batch: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    inputs = collate(batch, tokenizer.pad_token_id, global_first=takes_global_mask(model))
    model.eval()
    with torch.inference_mode():
        logits = model(**{name: value.to(model.device) for name, value in inputs.items()}).logits
    probabilities, classes = logits.float().softmax(-1).max(-1)
    return probabilities.cpu(), classes.cpu()


def _decode(
    found: dict[int, tuple[int, int, float]], offsets: Sequence[tuple[int, int]], names: dict[int, str]
) -> list[Span]:
    tags = [names[found[word][1]] if word in found else "O" for word in range(len(offsets))]
    spans = []
    for first, last, label in mentions(tags):
        score = sum(found[word][2] for word in range(first, last)) / (last - first)
        spans.append(Span(offsets[first][0], offsets[last - 1][1], label, score=score))
    return spans
