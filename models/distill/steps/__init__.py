"""Steps of a recipe, one file a kind, found by themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gonerd.models.distill.place import Place
from gonerd.registry import Registry


class Step(BaseModel, ABC):
    """One step: it makes a model of another.

    Attributes:
        name: Name of its folder, by which later steps refer to it.
        model: The model it begins with: a step before it, a folder, or a hub id.
        revision: Commit, tag or branch of a hub id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    model: str
    revision: str | None = None

    def sources(self, place: Place) -> dict[str, Any]:
        """Returns what identifies the inputs, by role: another input is another result."""
        return {"model": place.identity(self.model, self.revision)}

    @abstractmethod
    def run(self, place: Place) -> str:
        """Makes the folder of the step.

        Args:
            place: Where steps and their results are.

        Returns:
            What was done, in a few words.

        Raises:
            GonerdError: An input is missing or does not fit.
        """


StepClass = type[Step]
STEPS: Registry[StepClass] = Registry("step", "gonerd.models.distill.steps")
register: Callable[[str], Callable[[StepClass], StepClass]] = STEPS.register
