"""Students beside the usual ones: fine-tuned with their teacher's answers, or distilled otherwise."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from gonerd.models.distill.training import Training
from gonerd.models.halving import Choice
from gonerd.models.losses import Losses, StateLosses

from .settings import Strict, Text


class Taught(Strict):
    """A student that is fine-tuned with its teacher's answers, beside the one that is not.

    Attributes:
        student: Name of the student.
        teacher: Name of the model whose fine-tuned form of the same seed teaches.
        tasks: Tasks for which this is done.
        distill_weight: Share of the teacher's soft targets in the loss.
        temperature: What both models' logits are divided by.
        state_losses: Losses over hidden states by their names.
        passes: How many times the epochs of the task it reads; its teacher reads them once.
        called: What tells it from the same student that is taught otherwise; ends its name.
    """

    student: str
    teacher: str
    tasks: tuple[str, ...] = Field(min_length=1)
    distill_weight: float = Field(0.5, gt=0, le=1)
    temperature: float = Field(2.0, gt=0)
    state_losses: StateLosses = Field({})
    passes: int = Field(1, ge=1)
    called: str | None = None

    @property
    def name(self) -> str:
        """What results call the student."""
        return f"{self.student}-td" if self.called is None else f"{self.student}-td-{self.called}"

    def facts(self) -> dict[str, Any]:
        """Returns what a result depends on; `passes` only where there are others, as older results know none."""
        found = self.model_dump(mode="json", exclude={"tasks", "called"})
        return found if self.passes != 1 else {key: value for key, value in found.items() if key != "passes"}


class Variant(Strict):
    """A student that is distilled otherwise than the rest, in one thing, scored on some of the tasks.

    What is None is as that of the other students of its attention.

    Attributes:
        attention: Attention of its teacher, and its own.
        tasks: Tasks that it is scored on.
        corpus: The text of its distillation.
        layers: Which layers it keeps.
        losses: Of the distillation.
        training: How long it trains.
    """

    attention: str
    tasks: tuple[str, ...] = Field(min_length=1)
    corpus: Text | None = None
    layers: Choice | None = None
    losses: Losses | None = None
    training: Training | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        told = [key for key in ("corpus", "layers", "losses", "training") if getattr(self, key) is not None]
        if len(told) != 1:
            raise ValueError(f"say one of corpus, layers, losses and training, not {', '.join(told) or 'none'}")
        return self
