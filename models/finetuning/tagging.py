"""Spans in texts, as BIO tags of words: each word is learnt and read in the window that shows most around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from gonerd.errors import GonerdError
from gonerd.labels import mentions, spans_to_tags
from gonerd.models.windows import IGNORED, make_windows
from gonerd.records import Span

from . import KINDS
from ._examples import TagExample
from ._kind import Kind, divergence
from ._pieces import Piece, Shape, owned, padded


@KINDS.register("token-classification")
@dataclass(frozen=True)
class Tagging(Kind):
    """One BIO tag a word, at its first token."""

    head: ClassVar[str] = "token-classification"
    attends: ClassVar[str] = "none"
    along: ClassVar[int | None] = 0

    def pieces(self, tokenizer: Any, examples: Sequence[TagExample], shape: Shape, *, gold: bool) -> list[Piece]:
        """Cuts texts; every word that has a token bears its tag in exactly one window."""
        index = {tag: i for i, tag in enumerate(self.labels)}
        found: list[Piece] = []
        for number, example in enumerate(examples):
            words = [example.text[start:end] for start, end in example.words]
            made = [
                Piece(number, w.input_ids, w.words, w.margins, [False] * len(w.input_ids))
                for w in make_windows(tokenizer, words, shape.max_length, shape.stride, number)
            ]
            if gold:
                tags = spans_to_tags(example.spans, example.words)
                _check(tags, index, example.id)
                for piece, positions in zip(made, owned(made), strict=True):
                    piece.targets["tags"] = [IGNORED] * len(piece.input_ids)
                    for position in positions:
                        piece.targets["tags"][position] = index[tags[piece.units[position]]]
            found += made
        return found

    def targets(self, pieces: Sequence[Piece], length: int) -> dict[str, Tensor]:
        """Returns the classes, (B, `length`)."""
        return {"labels": padded([piece.targets["tags"] for piece in pieces], IGNORED, length)}

    def loss(self, outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Returns the cross-entropy, a mean over words."""
        logits, labels = outputs.logits.float().flatten(0, 1), targets["labels"].flatten()
        count = (labels != IGNORED).sum().clamp(min=1)  # a window may own no word
        return functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum") / count

    def soft_loss(
        self, outputs: Any, teacher: Any, targets: dict[str, Tensor], real: Tensor, temperature: float
    ) -> Tensor:
        """Returns the divergence from the teacher's tags, a mean over the words that `loss` counts."""
        here = targets["labels"] != IGNORED
        return divergence(outputs.logits[here], teacher.logits[here], temperature).sum() / here.sum().clamp(min=1)

    def scores(self, outputs: Any) -> Tensor:
        """Returns the probabilities of the best classes and these, (B, N, 2)."""
        best = outputs.logits.float().softmax(-1).max(-1)
        return torch.stack([best.values, best.indices.to(best.values.dtype)], dim=-1)

    def merge(
        self, examples: Sequence[TagExample], pieces: Sequence[Piece], scores: Sequence[Tensor]
    ) -> list[list[Span]]:
        """Returns the spans of each text, scored by the mean probability of their tags."""
        found: list[dict[int, tuple[int, float]]] = [{} for _ in examples]
        for piece, positions, best in zip(pieces, owned(pieces), scores, strict=True):
            for position in positions:
                probability, tag = best[position].tolist()
                found[piece.example][piece.units[position]] = (int(tag), probability)
        return [self._spans(tags, example.words) for tags, example in zip(found, examples, strict=True)]

    def _spans(self, found: dict[int, tuple[int, float]], words: Sequence[tuple[int, int]]) -> list[Span]:
        tags = [self.labels[found[word][0]] if word in found else "O" for word in range(len(words))]
        spans = []
        for first, last, label in mentions(tags):
            score = sum(found[word][1] for word in range(first, last)) / (last - first)
            spans.append(Span(words[first][0], words[last - 1][1], label, score=score))
        return spans


def _check(tags: Sequence[str], index: dict[str, int], key: str) -> None:
    strange = next((tag for tag in tags if tag not in index), None)
    if strange is not None:
        raise GonerdError(
            f"document {key!r}: tag {strange!r} is none of the task's ({', '.join(index)}); mend the labels"
        )
