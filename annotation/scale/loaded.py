"""The annotator of a run, loaded once in each process that annotates for it."""

from __future__ import annotations

from typing import Any

from gonerd.annotation.annotator import Annotator
from gonerd.errors import GonerdError

from .plan import Plan, Recipe

_loaded: dict[Recipe, Annotator] = {}  # one at most: a process annotates for several tasks


def annotator_of(plan: Plan) -> Annotator:
    """Returns the annotator of a run, which this process loads once.

    Raises:
        GonerdError: This machine has other versions than the one on which the run began.
    """
    for key, value in settings_of(plan.recipe).items():
        if plan.settings[key] != value:
            raise GonerdError(
                f"{plan.out}: this machine has {key} {value!r}, the run began with {plan.settings[key]!r}; "
                "install the same versions on every machine"
            )
    return _loaded[plan.recipe]


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Returns what a layer must record of an annotator, which this process loads and keeps."""
    if recipe not in _loaded:
        _loaded.clear()
        _loaded[recipe] = recipe.load()
    return _loaded[recipe].settings


def forget_annotators() -> None:
    """Lets go of what a run loaded in this process."""
    _loaded.clear()
