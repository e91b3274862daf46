"""Answers in contexts of any length, with yes, no and none, from a standard head that points at first and last token.

None is the first token, as in BERT (Devlin et al. 2019, section 4.3). Choices such as yes and no are written before the
question, so that each window holds them, Longformer attends to them from everywhere with the rest of the question
(Beltagy et al. 2020, section 3.1), and pointing at one is an answer: the head stays the one that every library loads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gonerd.errors import GonerdError
from gonerd.models.losses import precise

from . import KINDS
from ._answers import LONGEST, extent, inside, owned_spans, places_of
from ._cutting import cut
from ._examples import Answer, QuestionExample
from ._kind import Kind, divergence
from ._pieces import Piece, Shape

_NONE = 0  # the first token
_NEVER = -1e9  # finite, so that nothing times it is nothing


@KINDS.register("question-answering")
@dataclass(frozen=True)
class Questions(Kind):
    """First and last token of an answer.

    `labels` are the choices beside answers from the context; an empty one says that there may be none. Without it the
    best answer is given however unlikely.
    """

    head: ClassVar[str] = "question-answering"
    attends: ClassVar[str] = "question"
    along: ClassVar[int | None] = 1

    @property
    def choices(self) -> tuple[str, ...]:
        """The choices that are written before the question."""
        return tuple(label for label in self.labels if label)

    def overrides(self) -> dict[str, Any]:
        """Returns the fields of the configuration that the head is built from."""
        return {"num_labels": 2}  # a checkpoint of another task may say otherwise

    def pieces(self, tokenizer: Any, examples: Sequence[QuestionExample], shape: Shape, *, gold: bool) -> list[Piece]:
        """Cuts contexts; where an answer lies beyond a window, that window answers none."""
        found = []
        for number, example in enumerate(examples):
            places = self._places(example) if gold else []
            prefix = "".join(f"{choice} " for choice in self.choices)
            pair = (prefix + example.question, example.context)
            made = cut(tokenizer, number, pair, 1, shape, f"question {example.id!r}")
            choices = self._choice_positions(tokenizer, made[0], pair)
            for piece in made:
                piece.targets["choices"] = choices
                if gold:
                    at = choices[self.choices.index(example.choice)] if example.choice is not None else None
                    piece.targets["spans"] = [(at, at)] if at is not None else inside(piece, places) or [(_NONE, _NONE)]
            found += made
        return found

    def _places(self, example: QuestionExample) -> list[tuple[int, int]]:
        """Returns (start, end) of every gold answer in the context.

        Raises:
            GonerdError: The answer is not in the context.
        """
        if example.choice is not None:
            if example.choice not in self.choices:
                known = ", ".join(self.choices) or "none"
                raise GonerdError(f"question {example.id!r}: {example.choice!r} is no choice of the task ({known})")
            return []
        places = places_of(example)
        if example.answers and not places:
            raise GonerdError(
                f"question {example.id!r}: its answer {example.answers[0]!r} is not in its context; mend the data, or "
                "pass --absent-answers set-aside or no-answer"
            )
        return places

    def _choice_positions(self, tokenizer: Any, piece: Piece, pair: tuple[str, str]) -> list[int]:
        """Finds the first token of each choice, which begins the question of every window."""
        if not self.choices:
            return []
        offsets = tokenizer(*pair, return_offsets_mapping=True, verbose=False)["offset_mapping"]
        first, at, found = piece.repeated.index(True), 0, []
        for choice in self.choices:
            found.append(next(i for i in range(first, len(piece.repeated)) if piece.repeated[i] and offsets[i][1] > at))
            at += len(choice) + 1
        return found

    def targets(self, pieces: Sequence[Piece], length: int) -> dict[str, Tensor]:
        """Marks the gold tokens: `starts` and `ends`, each (B, `length`)."""
        marks = torch.zeros(2, len(pieces), length, dtype=torch.bool)
        for row, piece in enumerate(pieces):
            for span in piece.targets["spans"]:
                for side in (0, 1):
                    marks[side, row, span[side]] = True
        return {"starts": marks[0], "ends": marks[1]}

    def loss(self, outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Returns minus the log-probability of any of the gold tokens (Clark and Gardner 2018, section 2).

        With one answer this is the usual cross-entropy; with several places nobody has to say which one is meant.
        """
        total = 0.0
        for logits, marks in ((outputs.start_logits, targets["starts"]), (outputs.end_logits, targets["ends"])):
            logits = logits.float()
            total = total + (logits.logsumexp(-1) - logits.masked_fill(~marks, -torch.inf).logsumexp(-1)).mean()
        return total / 2  # type: ignore[return-value]  # two tensors were added

    def soft_loss(
        self, outputs: Any, teacher: Any, targets: dict[str, Tensor], real: Tensor, temperature: float
    ) -> Tensor:
        """Returns the divergence from the teacher's first and last tokens, none and choices among them."""
        # Padding is no token to point at, and what a model gives there is its own affair.
        ours, theirs = (
            precise(torch.stack([model.start_logits, model.end_logits], 1)).masked_fill(~real[:, None], _NEVER)
            for model in (outputs, teacher)
        )
        return divergence(ours, theirs, temperature).mean()

    def scores(self, outputs: Any) -> Tensor:
        """Returns the logits of first and last token, (B, 2, N)."""
        return torch.stack([outputs.start_logits.float(), outputs.end_logits.float()], dim=1)

    def merge(
        self, examples: Sequence[QuestionExample], pieces: Sequence[Piece], scores: Sequence[Tensor]
    ) -> list[Answer]:
        """Returns the best answer of each context.

        An answer is read in the window in which it has the most context, and weighed against none in that window: what
        logits of different windows have in common is only how they differ from their own none.
        """
        floor = 0.0 if "" in self.labels else -math.inf
        best = [Answer("", -1, floor) for _ in examples]
        for piece, mask, logits in zip(pieces, owned_spans(pieces), scores, strict=True):
            context = examples[piece.example].context
            for found in self._candidates(piece, mask, logits, context):
                if found.score > best[piece.example].score:
                    best[piece.example] = found
        return best

    def _candidates(self, piece: Piece, mask: Tensor, logits: Tensor, context: str) -> Iterator[Answer]:
        none = logits[0, _NONE] + logits[1, _NONE]
        for choice, at in zip(self.choices, piece.targets["choices"], strict=True):
            yield Answer(choice, -1, float(logits[0, at] + logits[1, at] - none))
        if not mask.numel():
            return
        first, count = extent(piece)
        starts, ends = logits[0, first : first + count], logits[1, first : first + count]
        # Row i, column k: an answer from token i to token i + k.
        spread = torch.nn.functional.pad(ends, (0, LONGEST - 1), value=-torch.inf).unfold(0, LONGEST, 1)
        sums = (starts[:, None] + spread).masked_fill(~mask, -torch.inf)
        row, column = divmod(int(sums.argmax()), LONGEST)
        start, end = piece.offsets[first + row][0], piece.offsets[first + row + column][1]
        yield Answer(context[start:end], start, float(sums[row, column] - none))
