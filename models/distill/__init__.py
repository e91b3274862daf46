"""Distillation: recipes of steps (convert, pretrain, halve, distill), each resumable, each with a folder of its own.

Doors: `read_recipe` and `run_recipe`; `Distiller` is the step of training alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .distiller import Distiller as Distiller
    from .recipe import Recipe as Recipe
    from .recipe import read_recipe as read_recipe
    from .recipe import run_recipe as run_recipe

_DOORS = {"Distiller": "distiller", "Recipe": "recipe", "read_recipe": "recipe", "run_recipe": "recipe"}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_DOORS[name]}"), name)
