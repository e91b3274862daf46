"""What a kind of task is: examples to windows, windows to batches, a loss, and predictions merged again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import functional

from gonerd.models.losses import precise

from ._pieces import Piece, Shape


@dataclass(frozen=True)
class Kind(ABC):
    """A kind of task.

    Attributes:
        labels: Classes in the order of the head's.
        head: Name of the head in `gonerd.models.heads`.
        attends: Which tokens are global unless told otherwise: one of `GLOBAL`.
        along: Dimension of a window's scores that runs over its positions; None where they speak of the whole window.
    """

    labels: tuple[str, ...]
    head: ClassVar[str]
    attends: ClassVar[str]
    along: ClassVar[int | None] = None

    def overrides(self) -> dict[str, Any]:
        """Returns the fields of the configuration that the head is built from."""
        names = dict(enumerate(self.labels))
        return {"num_labels": len(names), "id2label": names, "label2id": {name: i for i, name in names.items()}}

    @abstractmethod
    def pieces(self, tokenizer: Any, examples: Sequence[Any], shape: Shape, *, gold: bool) -> list[Piece]:
        """Cuts examples into windows; nothing is truncated.

        Args:
            tokenizer: A fast tokenizer.
            examples: The examples.
            shape: How to cut.
            gold: Whether to add targets.

        Raises:
            GonerdError: A gold label does not belong to its example, or a text leaves no room; the id is named.
        """

    @abstractmethod
    def targets(self, pieces: Sequence[Piece], length: int) -> dict[str, Tensor]:
        """Returns what `loss` compares with, padded to `length`."""

    @abstractmethod
    def loss(self, outputs: Any, targets: dict[str, Tensor]) -> Tensor:
        """Returns the mean loss of a batch, a scalar in float32."""

    @abstractmethod
    def soft_loss(
        self, outputs: Any, teacher: Any, targets: dict[str, Tensor], real: Tensor, temperature: float
    ) -> Tensor:
        """Returns how far a student's outputs are from its teacher's, a mean like `loss`, a scalar in float32.

        Args:
            outputs: The student's.
            teacher: The teacher's, for the same windows.
            targets: What `loss` compares with, which tells what counts.
            real: (B, N), where there is no padding.
            temperature: What logits are divided by.
        """

    @abstractmethod
    def scores(self, outputs: Any) -> Tensor:
        """Returns what `merge` reads, of shape (B, …) in float32."""

    def unpadded(self, scores: Tensor, length: int) -> Tensor:
        """Returns the scores of one window at its own positions."""
        return scores if self.along is None else scores.narrow(self.along, 0, length)

    @abstractmethod
    def merge(self, examples: Sequence[Any], pieces: Sequence[Piece], scores: Sequence[Tensor]) -> list[Any]:
        """Makes one prediction an example from its windows, each read where it has the most context."""


def divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Returns the KL divergence of distributions over the last axis, times the temperature squared.

    That keeps the size of its gradient whatever the temperature (Hinton et al. 2015, section 2).

    Args:
        student: Logits (…, classes).
        teacher: Likewise.
        temperature: What both are divided by.

    Returns:
        (…) in float32 or finer.
    """
    ours, theirs = ((precise(logits) / temperature).log_softmax(-1) for logits in (student, teacher))
    found: Tensor = functional.kl_div(ours, theirs, reduction="none", log_target=True).sum(-1)
    return found * temperature**2
