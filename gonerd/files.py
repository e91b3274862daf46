"""Writing so that nothing half-done ever stands under its final name, and one writer at a time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import GonerdError


def existing(path: Path, what: str, remedy: str) -> Path:
    """Returns `path` if it exists.

    Raises:
        GonerdError: It does not; the message names `what` it should be and the remedy.
    """
    if not path.exists():
        raise GonerdError(f"{path}: no such {what}; {remedy}")
    return path


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path` that is renamed to it when the block ends well.

    Args:
        path: Final name; an existing file is replaced, at once, at the very end.

    Yields:
        The name to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path, *, made_by: str) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `path` when the block ends well.

    A folder that this project did not write is never replaced: the marker `made_by` must stand in it.

    Args:
        path: Final folder.
        made_by: Name of a file that the block writes and by which the result is recognised later.

    Yields:
        The folder to write into.

    Raises:
        GonerdError: `path` exists and was made by something else.
    """
    if path.exists() and not (path.is_dir() and ((path / made_by).exists() or not any(path.iterdir()))):
        raise GonerdError(f"{path}: already exists and holds something else (no {made_by}); choose another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    temporary.chmod(0o755)
    old = temporary.with_suffix(".old")
    try:
        yield temporary
        if path.exists():
            path.replace(old)
        temporary.replace(path)
    finally:
        if not path.exists() and old.exists():
            old.replace(path)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file under a temporary name and renames it."""
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Writes JSON, sorted nowhere and indented, under a temporary name and renames it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def read_json(path: Path, remedy: str) -> Any:
    """Reads a JSON file.

    Raises:
        GonerdError: It is missing or malformed; the message ends with `remedy`.
    """
    existing(path, "file", remedy)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise GonerdError(f"{path}: not valid JSON ({error}); {remedy}") from error


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Holds a folder's lock, so that a command run twice at once cannot double anything.

    The lock belongs to the process: it is gone the moment the process is, killed or not.

    Raises:
        GonerdError: Another process is writing into the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ModuleNotFoundError:  # not POSIX: no advisory locks in the standard library
        yield
        return
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise GonerdError(
                f"{folder}: another process is writing here; wait for it to end, then run again"
            ) from error
        yield
