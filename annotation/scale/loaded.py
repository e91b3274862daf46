"""The annotator of a run, loaded once in each process that annotates for it."""

from __future__ import annotations

from gonerd.annotation.annotator import Annotator
from gonerd.errors import GonerdError

from .plan import Plan

_loaded: dict[str, Annotator] = {}  # by run: a process annotates for several tasks


def annotator_of(plan: Plan, loaded: Annotator | None = None) -> Annotator:
    """Returns the annotator of a run, which this process loads once.

    Args:
        plan: The run.
        loaded: The annotator, where this process has it already.

    Raises:
        GonerdError: This machine has other versions than the one on which the run began.
    """
    if plan.run not in _loaded:
        _loaded.clear()
        annotator = loaded or plan.recipe.load()
        for key, value in annotator.settings.items():
            if plan.settings[key] != value:
                raise GonerdError(
                    f"{plan.out}: this machine has {key} {value!r}, the run began with {plan.settings[key]!r}; "
                    "install the same versions on every machine"
                )
        _loaded[plan.run] = annotator
    return _loaded[plan.run]


def forget_annotators() -> None:
    """Lets go of what a run loaded in this process."""
    _loaded.clear()
