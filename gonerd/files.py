"""Writing so that nothing half-done ever stands under its final name, and one writer at a time."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import GonerdError
from .room import room_for


def existing(path: Path, what: str, remedy: str) -> Path:
    """Returns `path` if it exists.

    Raises:
        GonerdError: It does not; the message names `what` it should be and the remedy.
    """
    if not path.exists():
        raise GonerdError(f"{path}: no such {what}; {remedy}")
    return path


_MADE = ".gonerd-made"
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]  # folders may be shared between machines


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path` that is renamed to it when the block ends well.

    Args:
        path: Final name; an existing file is replaced, at once, at the very end.

    Yields:
        The name to write to.

    Raises:
        GonerdError: `path` is a folder.
    """
    if path.is_dir():
        raise GonerdError(f"{path}: is a folder, and a file is written here; choose another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with room_for(path):
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `path` when the block ends well.

    What this project did not write is never replaced: a folder made here lists its own entries in a hidden
    file, and anything beside them stops the command before it starts.

    Args:
        path: Final folder; a link is followed.

    Yields:
        The folder to write into.

    Raises:
        GonerdError: `path` is a file or the working directory, or holds something that was not made here.
    """
    path = path.resolve()
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.{_HOST}-{os.getpid()}.", suffix=".part", dir=path.parent))
    temporary.chmod(0o755)
    old = temporary.with_suffix(".old")
    try:
        with room_for(path):
            yield temporary
            names = sorted({entry.name for entry in temporary.iterdir()} | {_MADE})
            (temporary / _MADE).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
            check_replaceable(path)  # once more: the block may have taken hours
            if path.exists():
                path.replace(old)
            temporary.replace(path)
    finally:
        if not path.exists() and old.exists():
            old.replace(path)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Removes what killed processes of this machine left beside `path`; those that still run keep theirs."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{_HOST}-*.*.part"):
        pid = left.name.removeprefix(f".{path.name}.{_HOST}-").partition(".")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 is no question
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True


def check_replaceable(path: Path) -> None:
    """Checks that `new_folder` may take this place.

    Raises:
        GonerdError: It is a file or the working directory, or holds something that was not made here.
    """
    if path == Path.cwd():
        raise GonerdError(f"{path}: this is the working directory, which cannot be replaced; choose another --out")
    if not path.exists():
        return
    _check_folder(path)
    made = (path / _MADE).read_text(encoding="utf-8").splitlines() if (path / _MADE).exists() else []
    strangers = sorted({entry.name for entry in path.iterdir()} - set(made))
    if strangers:
        raise GonerdError(f"{path}: holds {strangers[0]!r}, which this command did not write; choose another --out")


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise GonerdError(f"{path}: is a file, and a folder is needed here; choose another --out")


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
        GonerdError: Another process is writing into the folder, or it is a file.
    """
    _check_folder(folder)
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
