"""What a model is called in results: the last part of its folder or hub id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonerd.errors import UsageError


def model_name(model_or_id: str | Path) -> str:
    """Returns a model's name; "." and its like are resolved first."""
    path = Path(model_or_id)
    return (path.resolve() if path.exists() else path).name


def check_names(names: Sequence[str]) -> None:
    """Refuses models that results could not tell apart.

    Raises:
        UsageError: A name occurs twice.
    """
    if len(set(names)) < len(names):
        raise UsageError(f"models {', '.join(names)}: two of them bear the same name; rename a folder")
