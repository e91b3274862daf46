"""The recipe by which the models of a replication are made, one for each seed that has its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gonerd.models.distill import Recipe
from gonerd.models.distill.steps import STEPS, Step
from gonerd.models.distill.steps.pretrain import Pretrain

from .models import steps_of
from .places import Folders
from .systems import every_seed, made_name, own_models

if TYPE_CHECKING:
    from .config import Replicate


def recipe_of(config: Replicate, folders: Folders, seed: int | None = None) -> Recipe:
    """Returns the recipe that makes every model.

    Args:
        config: The configuration.
        folders: Where everything lies.
        seed: For which seed, where each has models of its own; that of the first when None.

    Raises:
        GonerdError: The packaged encoder is not installed.
    """
    steps = tuple(steps_of(config, folders))
    if seed is None or not own_models(config, seed):
        return Recipe(name=config.name, seed=config.seed, steps=steps)
    names = {step.name: made_name(config, step.name, seed) for step in steps}
    return Recipe(name=config.name, seed=seed, steps=tuple(_renamed(step, names) for step in steps))


def _renamed(step: Step, names: Mapping[str, str]) -> Step:
    """Returns a step under another name, made of what has other names as well."""
    told = {key: str(getattr(step, key)) for key in ("name", "model", "teacher") if hasattr(step, key)}
    return step.model_copy(update={key: names[name] for key, name in told.items() if name in names})


def recipes_of(config: Replicate, folders: Folders) -> list[Recipe]:
    """Returns a recipe for each seed that has models of its own, that of the first before the others."""
    own = [seed for seed in every_seed(config) if own_models(config, seed)]
    return [recipe_of(config, folders), *(recipe_of(config, folders, seed) for seed in own)]


def needed(steps: Sequence[Step], name: str) -> list[Step]:
    """Returns a step with all that it is made from, in order."""
    by_name = {step.name: step for step in steps}
    wanted: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in by_name and one not in wanted:
            wanted.add(one)
            waiting += [by_name[one].model, getattr(by_name[one], "teacher", "")]
    return [step for step in steps if step.name in wanted]


def tokens_of(step: Step) -> int:
    """Returns the tokens that a step reads in training: rows are packed full."""
    if not isinstance(step, Pretrain):
        return 0
    told = step.training
    return told.steps * told.batch_size * told.accumulation * int(step.corpus.name.rpartition("-")[2])


def kind_of(step: Step) -> str:
    """Returns the name that a step's kind has in recipes."""
    return next(name for name in STEPS.names() if STEPS.get(name) is type(step))


def made_by(settings: Mapping[str, Any]) -> Step:
    """Returns the step that a model's note states."""
    told = {key: value for key, value in settings.items() if key not in ("step", "seed")}
    return STEPS.get(settings["step"]).model_validate(told)
