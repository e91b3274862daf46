"""Models beside the usual ones: fine-tuned with a teacher's answers, or longer, or distilled otherwise."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from gonerd.models.distill.training import Training
from gonerd.models.halving import Choice
from gonerd.models.losses import Losses, StateLosses

from .settings import Strict, Text
from .systems import HALF, TAUGHT


class Taught(Strict):
    """A model that is fine-tuned with a teacher's answers, or more often than others, beside the one that is not.

    Attributes:
        student: Name of the model.
        teacher: Name of the model whose fine-tuned form of the same seed teaches; None for labels alone, which tells
            what more passes do by themselves.
        tasks: Tasks for which this is done.
        distill_weight: Share of the teacher's soft targets in the loss.
        temperature: What both models' logits are divided by.
        state_losses: Losses over hidden states by their names.
        passes: How many times the epochs of the task it reads; its teacher reads them once.
        halved: Whether `student` is fine-tuned with all its layers first, and it is half of those that is taught; of a
            student that was halved before, the layers know hidden words alone.
        called: What tells it from the same model that is fine-tuned otherwise; ends its name.
    """

    student: str
    teacher: str | None = None
    tasks: tuple[str, ...] = Field(min_length=1)
    distill_weight: float = Field(0.5, gt=0, le=1)
    temperature: float = Field(2.0, gt=0)
    state_losses: StateLosses = Field({})
    passes: int = Field(1, ge=1)
    halved: bool = False
    called: str | None = None

    @model_validator(mode="after")
    def _otherwise(self) -> Self:
        lesson = ("distill_weight", "temperature", "state_losses", "halved")
        if self.teacher is not None:
            return self
        if told := next((key for key in lesson if key in self.model_fields_set), None):
            raise ValueError(f"{told!r} is of a lesson, so name its 'teacher'")
        if self.called is None or self.passes == 1:
            raise ValueError("without a 'teacher' say how many 'passes' it reads, more than 1, and what it is 'called'")
        return self

    @property
    def name(self) -> str:
        """What results call the model."""
        parts = (self.student, HALF if self.halved else None, TAUGHT if self.teacher else None, self.called)
        return "-".join(filter(None, parts))

    def facts(self) -> dict[str, Any]:
        """Returns what a result depends on; what is as usual is left out where older results do not know it."""
        if self.teacher is None:
            return {"student": self.student, "passes": self.passes}
        usual = {key for key, value in (("passes", 1), ("halved", False)) if getattr(self, key) == value}
        return self.model_dump(mode="json", exclude={"tasks", "called", *usual})


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
