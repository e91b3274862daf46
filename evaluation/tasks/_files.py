"""Files of original distributions: found by name, read plain or gzipped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import existing


def find_file(folder: Path, names: Sequence[str], what: str) -> Path:
    """Finds the first of several names in a folder or one folder deep, plain or gzipped.

    Args:
        folder: Where the distribution was unpacked.
        names: Names or patterns, the best first.
        what: What is looked for, for the message.

    Raises:
        GonerdError: The folder is missing, holds none of them, or two that fit equally well.
    """
    existing(folder, "folder", "pass the folder of the original files as --data-dir")
    for name in names:
        for pattern in (name, f"{name}.gz", f"*/{name}", f"*/{name}.gz"):
            found = sorted(folder.glob(pattern))
            if len(found) > 1:
                here = " and ".join(str(path.relative_to(folder)) for path in found[:2])
                raise GonerdError(
                    f"{folder}: both {here} could be {what}; pass a folder with one of them as --data-dir"
                )
            if found:
                return found[0]
    held = sorted(path.name for path in folder.iterdir())[:5] if folder.is_dir() else []
    raise GonerdError(
        f"{folder}: holds no file for {what} (looked for {', '.join(names) or 'nothing: it has none'}; there is "
        f"{', '.join(held) or 'nothing'}); pass the folder of the original files as --data-dir"
    )


def read_bytes(path: Path) -> bytes:
    """Reads a file whole, unpacking it when it is gzipped.

    Raises:
        GonerdError: It is missing, a folder, or a broken archive.
    """
    existing(path, "file", "check the path")
    if path.is_dir():
        raise GonerdError(f"{path}: is a folder, and a file is read here; name the file")
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise GonerdError(f"{path}: not a whole gzip file ({error}); fetch it again") from error


def read_text(path: Path, fallback: str | None = None) -> str:
    """Reads a text file, without a byte order mark.

    Args:
        path: The file, plain or gzipped.
        fallback: Encoding to take for what is not UTF-8; None refuses it.

    Raises:
        GonerdError: It cannot be decoded.
    """
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback is None:
            raise GonerdError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); convert it") from error
        return content.decode(fallback)


def read_json(path: Path, what: str) -> Any:
    """Reads a JSON file, or as a list the objects of a JSONL file, told by its name.

    Raises:
        GonerdError: It is neither; the message says `what` it should be.
    """
    text = read_text(path)
    if Path(path.name.removesuffix(".gz")).suffix in (".jsonl", ".ndjson"):
        return list(_objects(path, text))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise GonerdError(f"{path}: not valid JSON ({error}); expected {what}") from error


def _objects(path: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise GonerdError(f"{path} line {number}: not valid JSON ({error}); mend or remove it") from error


def field(value: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Returns a field of a JSON object.

    Raises:
        GonerdError: It is missing or of another type.
    """
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is int):
        names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise GonerdError(
            f"{where}: field {name!r} must be of type {names}, found {type(found).__name__}; mend the file"
        )
    return found
