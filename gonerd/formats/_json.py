"""Formats that are one JSON list: written one item a line, read whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import read_json


def write_list(path: Path, items: Iterable[dict[str, Any]]) -> int:
    """Writes a JSON list lazily and returns the number of its items."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write("[")
        for item in items:
            handle.write(("\n" if count == 0 else ",\n") + json.dumps(item, ensure_ascii=False))
            count += 1
        handle.write("\n]\n")
    return count


def read_list(path: Path, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Reads a JSON list of objects.

    Args:
        path: The file.
        what: What it should be, for messages.

    Yields:
        (file and item, the object).

    Raises:
        GonerdError: The file is cut off or holds something else.
    """
    items = read_json(path, f"it is no complete {what}, export again")
    if not isinstance(items, list):
        raise GonerdError(f"{path}: holds a {type(items).__name__}, but a {what} is a list; export again as JSON")
    for number, item in enumerate(items):
        where = f"{path} item {number}"
        if not isinstance(item, dict):
            raise GonerdError(f"{where}: is a {type(item).__name__}, but a {what} holds objects; export again")
        yield where, item
