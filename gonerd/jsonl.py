"""JSONL files, one object a line; what is wrong is named with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import GonerdError
from .files import existing

_NAMES = {str: "string", int: "whole number", list: "list"}


def read_jsonl(path: Path, fields: Mapping[str, type], what: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Reads the objects of a JSONL file lazily; empty lines are passed over.

    Args:
        path: The file.
        fields: Type of every field that each object must have.
        what: What an object holds, for the message; the names of the fields when empty.

    Yields:
        (file and line, the object).

    Raises:
        GonerdError: The file is missing, a line is no JSON object, or lacks a field.
    """
    existing(path, "JSONL file", "check the path")
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            where = f"{path} line {number}"
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
                raise GonerdError(f"{where}: not valid JSON ({error}); mend or remove the line") from error
            if not isinstance(row, dict):
                held = what or ", ".join(map(repr, fields))
                raise GonerdError(f"{where}: expected an object with {held}, found {type(row).__name__}; mend the line")
            for name, kind in fields.items():
                if not isinstance(row.get(name), kind):
                    raise GonerdError(f"{where}: field {name!r} must be a {_NAMES[kind]}; mend the line")
            yield where, row


def to_line(row: Mapping[str, Any]) -> str:
    """Returns an object as one line of JSONL, with its line break."""
    return json.dumps(row, ensure_ascii=False) + "\n"
