"""Documents that must not appear in any build."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import existing

_PACKAGED = "blocklist.txt"


def read_blocklist(path: Path | None = None) -> set[str]:
    """Reads the packaged blocklist and, with it, another one.

    Args:
        path: Text file with one document id a line; `#` begins a note.

    Returns:
        The blocked ids.

    Raises:
        GonerdError: The file is missing, not UTF-8, or a line holds more than an id.
    """
    packaged = (resources.files(__package__) / _PACKAGED).read_text(encoding="utf-8")
    blocked = _ids(packaged, _PACKAGED)
    if path is not None:
        existing(path, "blocklist", "check --blocklist")
        try:
            blocked |= _ids(path.read_text(encoding="utf-8"), str(path))
        except UnicodeDecodeError as error:
            raise GonerdError(f"{path}: not UTF-8 text ({error}); write one document id a line") from error
    return blocked


def _ids(text: str, where: str) -> set[str]:
    found = set()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if len(words) > 1:
            raise GonerdError(f"{where} line {number}: more than one word; write one document id a line")
        found.update(words)
    return found
