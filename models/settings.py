"""Settings that come from YAML: what is wrong with them, in one sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gonerd.errors import UsageError, unknown_name

Settings = TypeVar("Settings", bound=BaseModel)


_REMEDY = "; mend the file"


def checked(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Builds settings from a mapping.

    Args:
        kind: A pydantic model that forbids unknown keys.
        values: The mapping.
        where: What to name in a message, for instance the file.

    Raises:
        UsageError: A key is unknown or a value impossible; the message names the first of them.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = _fields(kind, first["loc"][:-1])
            raise UsageError(f"{where}: {unknown_name('key', field, known)}") from error
        problem = first["msg"].removeprefix("Value error, ")
        problem = problem.removesuffix(_REMEDY)  # of settings within these that were checked by themselves
        raise UsageError(f"{where}: {f'key {field!r}: ' if field else ''}{problem}{_REMEDY}") from error


def _fields(kind: Any, path: tuple[Any, ...]) -> list[str]:
    """Lists the keys known at a place, spelled with the path to it, as in the message."""
    for part in path:
        fields = getattr(kind, "model_fields", {})
        annotation = fields[part].annotation if part in fields else kind
        inner = [annotation, *getattr(annotation, "__args__", ())]
        kind = next((one for one in inner if hasattr(one, "model_fields")), kind)
    prefix = "".join(f"{part}." for part in path)
    return [f"{prefix}{name}" for name in getattr(kind, "model_fields", {})]


def fingerprint(values: Any) -> str:
    """Returns the SHA-256 of a JSON-like value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def first_difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Names the first key in which two mappings differ, nested ones joined by dots; empty when there is none."""
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        a, b = ours.get(key), theirs.get(key)
        if a == b:
            continue
        inner = first_difference(a, b) if isinstance(a, Mapping) and isinstance(b, Mapping) else ""
        return f"{key}.{inner}" if inner else str(key)
    return ""
