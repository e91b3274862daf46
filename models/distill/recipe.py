"""Recipes: sequences of steps in YAML, run in order, each only once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gonerd.errors import UsageError, unknown_name
from gonerd.files import only_writer
from gonerd.models.settings import checked
from gonerd.options import read_mapping

from .place import Place
from .processes import processes
from .steps import STEPS, Step

_SHARED = ("model", "corpus")  # what a recipe may say once for all steps


class Recipe(BaseModel):
    """A recipe.

    Attributes:
        name: Its name.
        seed: Seed of everything random.
        steps: The steps in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str
    seed: int = Field(default=0, ge=0)
    steps: tuple[Step, ...] = Field(min_length=1)


def read_recipe(path: Path, **overrides: Any) -> Recipe:
    """Reads a recipe.

    Args:
        path: A YAML file: `name`, `seed`, `steps`, each with its kind as `step`, and `model` and `corpus` for those
            steps that do not name their own; `model` is also the teacher where none is named.
        overrides: Keys that take the place of the file's, where not None.

    Raises:
        UsageError: The file cannot be read, or a key, value or step is impossible; the message names file and field.
    """
    values = {**read_mapping(path), **{key: value for key, value in overrides.items() if value is not None}}
    shared = {key: values.pop(key) for key in _SHARED if key in values}
    if "model" in shared:
        shared["teacher"] = shared["model"]  # what a student learns from unless its step says otherwise
    listed = values.pop("steps", None)
    if not isinstance(listed, list) or not all(isinstance(step, dict) for step in listed):
        raise UsageError(f"{path}: key 'steps' must be a list of steps, each with 'step' and 'name'")
    names = [str(step.get("name")) for step in listed]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{path}: two steps are called {twice!r}; rename one")
    steps = [_step(step, shared, f"{path}: step {step.get('name', i + 1)!r}") for i, step in enumerate(listed)]
    for i, step in enumerate(steps):
        for reference in (step.model, getattr(step, "teacher", None)):
            if reference in names[i:]:
                raise UsageError(f"{path}: step {step.name!r} uses {reference!r}, which does not come before it")
    return checked(Recipe, {"name": path.stem, **values, "steps": steps}, str(path))


def _step(values: Mapping[str, Any], shared: Mapping[str, Any], where: str) -> Step:
    told = dict(values)
    kind = told.pop("step", None)
    if not isinstance(kind, str):
        raise UsageError(f"{where}: key 'step' is missing; name one of {', '.join(STEPS.names())}")
    try:
        step = STEPS.get(kind)
    except UsageError as error:
        raise UsageError(f"{where}: {unknown_name('step', kind, STEPS.names())}") from error
    fields = {key: value for key, value in shared.items() if key in step.model_fields}
    return checked(step, {**fields, **told}, where)


def run_recipe(recipe: Recipe, out: Path, locked: bool = False) -> Iterator[tuple[str, str]]:
    """Runs a recipe's steps; what is done already, and unchanged, is left as it is.

    Under `accelerate launch` all processes train, and the first alone does the rest.

    Args:
        recipe: The recipe.
        out: Folder under which every step has its own.
        locked: Whether who calls sees to it that nobody else makes these steps there.

    Yields:
        (name, what was done) of each step.

    Raises:
        GonerdError: A step cannot be done, or its folder holds something else.
    """
    state, place = processes(), Place(out, recipe.seed, tuple(step.name for step in recipe.steps))
    kinds = {STEPS.get(name): name for name in STEPS.names()}
    lock = only_writer(out) if state.is_main_process and not locked else None
    if lock is not None:
        lock.__enter__()
    try:
        for step in recipe.steps:
            state.wait_for_everyone()
            settings = {"step": kinds[type(step)], "seed": recipe.seed, **step.model_dump(mode="json")}
            place.facts.update({"settings": settings, "sources": step.sources(place)})
            done = "done already" if place.is_done(step.name, place.facts) else None
            state.wait_for_everyone()
            if done is None and (state.is_main_process or hasattr(step, "training")):
                done = step.run(place)
            if state.is_main_process:
                yield step.name, str(done)
        state.wait_for_everyone()
    finally:
        if lock is not None:
            lock.__exit__(None, None, None)
