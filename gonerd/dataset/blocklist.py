"""Documents that must not appear in any build."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import existing

_PACKAGED = "blocklist.txt"
_NOTE = re.compile(r"(?:^|\s)#")


def read_blocklist(path: Path | None = None) -> set[str]:
    """Reads the packaged blocklist and, with it, another one.

    Args:
        path: Text file with one document id a line; ` #` begins a note.

    Returns:
        The blocked ids.

    Raises:
        GonerdError: The file is missing or not UTF-8.
    """
    packaged = (resources.files(__package__) / _PACKAGED).read_text(encoding="utf-8")
    blocked = _ids(packaged)
    if path is not None:
        existing(path, "blocklist", "check --blocklist")
        try:
            blocked |= _ids(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise GonerdError(f"{path}: not UTF-8 text ({error}); write one document id a line") from error
    return blocked


def _ids(text: str) -> set[str]:
    found = set()
    for line in text.splitlines():
        # A note begins where a # follows white space: ids may hold one.
        name = _NOTE.split(line, maxsplit=1)[0].strip()
        if name:
            found.add(name)
    return found
