"""Efficient-attention encoders: conversion, halving, fine-tuning over long documents.

Doors: `convert`, `halve`, `load_model`, `accelerate`. None of them is imported before it is asked for, so that
`import gonerd.models` stays as light as the rest of the ground floor.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gonerd.errors import needs_extra

if TYPE_CHECKING:
    from .attention import accelerate as accelerate
    from .conversion import convert as convert
    from .halving import halve as halve
    from .load import load_model as load_model

_DOORS = {"accelerate": "attention", "convert": "conversion", "halve": "halving", "load_model": "load"}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs_extra("models"):
        return getattr(importlib.import_module(f"{__name__}.{_DOORS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})
