"""Classes and numbers of texts and pairs of texts: long ones are cut, and their windows vote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from gonerd.errors import GonerdError
from gonerd.models.losses import precise

from . import KINDS
from ._cutting import cut, parts_of
from ._examples import ClassificationExample
from ._kind import Kind, divergence
from ._pieces import Piece, Shape, owned

APART = 1 << 40  # between the units of one part of the other text and the next: more than the tokens of any text


@KINDS.register("sequence-classification")
@dataclass(frozen=True)
class Classification(Kind):
    """One class a text.

    In training every window bears the label of its text, weighted so that each text counts once, however long. In
    prediction the logits of windows are averaged, each weighted by the tokens that it sees with the most context.
    """

    head: ClassVar[str] = "sequence-classification"
    attends: ClassVar[str] = "first"

    def overrides(self) -> dict[str, Any]:
        """Returns the fields of the configuration that the head is built from."""
        return {**super().overrides(), "problem_type": "single_label_classification"}

    def pieces(
        self, tokenizer: Any, examples: Sequence[ClassificationExample], shape: Shape, *, gold: bool
    ) -> list[Piece]:
        """Cuts the longer text of a pair and repeats the other; where that is long as well, each of its parts."""
        found = []
        for number, example in enumerate(examples):
            where = f"example {example.id!r}"
            label = self.checked(example.label, where) if gold else 0
            made: list[Piece] = []
            for part, (pair, side) in enumerate(_pairs(tokenizer, example, shape)):
                # A token that meets several parts of the other text is one unit with each of them.
                made += cut(tokenizer, number, pair, side, shape, where, first_unit=part * APART)
            for piece in made:
                piece.targets.update(label=label, weight=1 / len(made))
            found += made
        for piece in found:
            piece.targets["weight"] *= len(found) / len(examples)  # 1 on average, as without weights
        return found

    def checked(self, label: Any, where: str) -> int | float:
        """Returns a label that the head can learn.

        Raises:
            GonerdError: It is none of the classes.
        """
        if not isinstance(label, int) or not 0 <= label < len(self.labels):
            raise GonerdError(
                f"{where}: label {label!r} is none of the {len(self.labels)} classes ({', '.join(self.labels)}); "
                "mend the data"
            )
        return label

    def targets(self, pieces: Sequence[Piece], length: int) -> dict[str, Tensor]:
        """Returns labels and weights, each (B,)."""
        weights = torch.tensor([piece.targets["weight"] for piece in pieces])
        return {"labels": torch.tensor([piece.targets["label"] for piece in pieces]), "weights": weights}

    def loss(self, outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Returns the weighted cross-entropy."""
        losses = functional.cross_entropy(outputs.logits.float(), targets["labels"], reduction="none")
        return (losses * targets["weights"]).mean()

    def soft_loss(
        self, outputs: Any, teacher: Any, targets: dict[str, Tensor], real: Tensor, temperature: float
    ) -> Tensor:
        """Returns the weighted divergence from the teacher's classes."""
        return (divergence(outputs.logits, teacher.logits, temperature) * targets["weights"]).mean()

    def scores(self, outputs: Any) -> Tensor:
        """Returns the logits, (B, classes)."""
        logits: Tensor = outputs.logits
        return logits.float()

    def merge(
        self, examples: Sequence[ClassificationExample], pieces: Sequence[Piece], scores: Sequence[Tensor]
    ) -> list[int | float]:
        """Returns the class of each text, or its number."""
        totals: list[Any] = [0.0] * len(examples)
        weights = [0.0] * len(examples)
        for piece, positions, logits in zip(pieces, owned(pieces), scores, strict=True):
            weight = len(positions) or 1e-6  # an empty text has one window, which owns nothing
            totals[piece.example] = totals[piece.example] + logits.double() * weight
            weights[piece.example] += weight
        return [self.read(total / weight) for total, weight in zip(totals, weights, strict=True)]

    def read(self, logits: Tensor) -> int | float:
        """Reads a prediction off merged logits."""
        return int(logits.argmax())


@KINDS.register("sequence-regression")
@dataclass(frozen=True)
class Regression(Classification):
    """One number a text, learnt by the mean squared error; long texts as in classification."""

    def overrides(self) -> dict[str, Any]:
        """Returns the fields of the configuration that the head is built from."""
        return {"num_labels": 1, "problem_type": "regression"}

    def checked(self, label: Any, where: str) -> int | float:
        """Returns a label that the head can learn.

        Raises:
            GonerdError: It is no finite number.
        """
        if not isinstance(label, int | float) or not math.isfinite(label):
            raise GonerdError(f"{where}: label {label!r} is no finite number; mend the data")
        return float(label)

    def loss(self, outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Returns the weighted squared error."""
        found: Tensor = outputs.logits
        return ((found.float().squeeze(-1) - targets["labels"]) ** 2 * targets["weights"]).mean()

    def soft_loss(
        self, outputs: Any, teacher: Any, targets: dict[str, Tensor], real: Tensor, temperature: float
    ) -> Tensor:
        """Returns the weighted squared difference from the teacher's numbers, which know no temperature."""
        ours, theirs = (precise(model.logits).squeeze(-1) for model in (outputs, teacher))
        return ((ours - theirs) ** 2 * targets["weights"]).mean()

    def read(self, logits: Tensor) -> int | float:
        """Reads a prediction off merged logits."""
        return float(logits.reshape(()))


def _pairs(tokenizer: Any, example: ClassificationExample, shape: Shape) -> list[tuple[tuple[str, ...], int]]:
    """Lists the pairs to cut: (texts, index of the one that is cut)."""
    if example.second is None:
        return [((example.text,), 0)]
    texts = (example.text, example.second)
    lengths = [len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]) for text in texts]
    side = int(lengths[1] >= lengths[0])
    special = tokenizer.num_special_tokens_to_add(pair=True)
    half = max((shape.max_length - special) // 2, 1)
    if sum(lengths) + special <= shape.max_length or lengths[1 - side] <= half:
        return [(texts, side)]
    # Both are long: every part of the shorter meets every window of the longer.
    parts = parts_of(tokenizer, texts[1 - side], half)
    return [((texts[0], part) if side == 0 else (part, texts[1]), side) for part in parts]
