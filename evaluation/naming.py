"""What models and results are called: after the last part of a folder or hub id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import UsageError

if TYPE_CHECKING:
    from .places import Place


def model_name(model_or_id: str | Path) -> str:
    """Returns a model's name; "." and its like are resolved first."""
    path = Path(model_or_id)
    return (path.resolve() if path.exists() else path).name


def seeded_name(model_or_id: str | Path, seed: int | None) -> str:
    """Returns a model's name with its seed, where one was named; `gonerd evaluate compare` takes such for one model."""
    return model_name(model_or_id) + ("" if seed is None else f".seed-{seed}")


def cell_name(model_or_id: str | Path, place: Place, seed: int | None) -> str:
    """Returns what the result of a model on a task is called."""
    return f"{seeded_name(model_or_id, seed)}.{place.name}.{place.split}"


def check_names(names: Sequence[str]) -> None:
    """Refuses models that results could not tell apart.

    Raises:
        UsageError: A name occurs twice.
    """
    if len(set(names)) < len(names):
        raise UsageError(f"models {', '.join(names)}: two of them bear the same name; rename a folder")
