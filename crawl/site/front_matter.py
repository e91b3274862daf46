"""The block of fields that a page's file begins with."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from gonerd.errors import GonerdError

ENCODINGS = ("utf-8", "windows-1252")
_REQUIRED: dict[str, type] = {
    "title": str,
    "byline": str,
    "published": date,
    "section": str,
    "description": str,
    "license": str,
}
_OPTIONAL: dict[str, Any] = {"parts": 1, "encoding": "utf-8", "pdf": False, "wire": ""}


def read_front_matter(text: str, section: str, where: str) -> tuple[dict[str, Any], str]:
    """Parts a Markdown file into its fields and its body.

    Args:
        text: The content of the file.
        section: Name of the folder it stands in.
        where: What to call the file in a message.

    Returns:
        (every field of the front matter, absent ones with their default; the body)

    Raises:
        GonerdError: The front matter is missing or malformed, lacks a field, or has one that is not known.
    """
    parts = text.replace("\r\n", "\n").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise GonerdError(f"{where}: no front matter; begin the file with a block between two lines of ---")
    try:
        front: Any = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        raise GonerdError(f"{where}: the front matter is not valid YAML ({' '.join(str(error).split())})") from error
    fields = front if isinstance(front, dict) else {}
    for name, kind in _REQUIRED.items():
        if not isinstance(fields.get(name), kind):
            raise GonerdError(f"{where}: field {name!r} of the front matter must be a {kind.__name__}")
    for name, value in fields.items():
        if name not in _REQUIRED and name not in _OPTIONAL:
            known = ", ".join((*_REQUIRED, *_OPTIONAL))
            raise GonerdError(f"{where}: the front matter has no field {name!r}; known are {known}")
        if name in _OPTIONAL and type(value) is not type(_OPTIONAL[name]):
            raise GonerdError(f"{where}: field {name!r} of the front matter must be a {type(_OPTIONAL[name]).__name__}")
    if fields["section"] != section:
        raise GonerdError(f"{where}: field 'section' is {fields['section']!r}, but the file stands in {section}/")
    fields = {**_OPTIONAL, **fields}
    _check_encoding(text, fields["encoding"], where)
    return fields, parts[2]


def _check_encoding(text: str, encoding: str, where: str) -> None:
    if encoding not in ENCODINGS:
        raise GonerdError(f"{where}: field 'encoding' is {encoding!r}; it may be {' or '.join(ENCODINGS)}")
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise GonerdError(
            f"{where}: {text[error.start]!r} does not exist in {encoding}; change it or the field 'encoding'"
        ) from error
