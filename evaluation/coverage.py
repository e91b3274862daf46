"""Counting what windows show of an example: nothing may be cut off unseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gonerd.models.finetuning import ClassificationExample, Piece, QuestionExample, TagExample
from gonerd.models.finetuning.classification import APART


class Coverage(NamedTuple):
    """Counts of one example.

    Attributes:
        words: Words of its texts.
        words_unseen: Words that the tokenizer drops altogether, lone control characters for instance.
        truncated: Words, or for texts that are cut between tokens tokens, that stand in no window.
    """

    words: int
    words_unseen: int
    truncated: int


def coverage(tokenizer: Any, example: Any, pieces: Sequence[Piece]) -> Coverage:
    """Counts the words of an example, and what of it stands in no window.

    Args:
        tokenizer: The tokenizer that cut it.
        example: A record of `gonerd.models.finetuning`.
        pieces: Its windows.
    """
    if isinstance(example, TagExample):
        return _of_words(tokenizer, example, pieces)
    texts = _texts(example)
    words = sum(len(text.split()) for text in texts)
    if len(pieces) <= 1:  # encoded whole: there was nothing to cut
        return Coverage(words, 0, 0)
    asked = isinstance(example, QuestionExample)  # the question stands whole in every window, choices before it
    shown = {unit % APART for piece in pieces for unit in piece.units if unit >= 0}
    firsts = {next((unit // APART for unit in piece.units if unit >= 0), 0): piece for piece in reversed(pieces)}
    beside = 0 if asked else sum(sum(piece.repeated) for piece in firsts.values())
    total = sum(
        len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]) for text in texts[int(asked) :]
    )
    return Coverage(words, 0, max(total - len(shown) - beside, 0))


def _of_words(tokenizer: Any, example: TagExample, pieces: Sequence[Piece]) -> Coverage:
    seen = {unit for piece in pieces for unit in piece.units if unit >= 0}
    dropped = truncated = 0
    for number, (start, end) in enumerate(example.words):
        if number not in seen:
            has_tokens = tokenizer([example.text[start:end]], is_split_into_words=True, add_special_tokens=False)
            dropped += not has_tokens["input_ids"]
            truncated += bool(has_tokens["input_ids"])
    return Coverage(len(example.words), dropped, truncated)


def _texts(example: Any) -> list[str]:
    if isinstance(example, ClassificationExample):
        return [example.text] if example.second is None else [example.text, example.second]
    assert isinstance(example, QuestionExample)
    return [example.question, example.context]
