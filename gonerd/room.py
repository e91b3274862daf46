"""Telling a disk that has no room from everything else that goes wrong while writing."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from .errors import GonerdError

_FULL = {getattr(errno, name) for name in ("ENOSPC", "EFBIG", "EDQUOT", "EROFS") if hasattr(errno, name)}
# Libraries that write by themselves name the number in their text alone: parquet's, and safetensors'.
_NUMBER = re.compile(r"\b(?:errno|os error) (\d+)\b", flags=re.IGNORECASE)
# PyTorch's writer of archives names none. Its reader fails in the same place, for other reasons.
_TORCH = re.compile(r"inline_container.*(?:StreamWriter|unexpected pos)", flags=re.DOTALL)


def why_no_room(error: BaseException) -> str | None:
    """Tells why a file could not be written, where the reason is its disk.

    Args:
        error: What a library raised while it was writing.

    Returns:
        The system's words for it, such as "No space left on device"; None where the reason is another.
    """
    number = error.errno if isinstance(error, OSError) and error.errno else None
    if number is None and (named := _NUMBER.search(str(error))):
        number = int(named[1])
    if number is not None and number in _FULL:
        return os.strerror(number)
    return "the disk takes no more" if isinstance(error, RuntimeError) and _TORCH.search(str(error)) else None


def no_room(error: BaseException) -> str | None:
    """Returns a sentence for the user where a file could not be written for want of room, whichever it was."""
    why = why_no_room(error)
    return None if why is None else f"a file cannot be written ({why}); make room and run the same command again"


@contextlib.contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Turns a full disk into one sentence about `path`.

    Raises:
        GonerdError: There was no room; any other error of the block stays what it is.
    """
    try:
        yield
    except GonerdError:
        raise
    except Exception as error:
        why = why_no_room(error)
        if why is None:
            raise
        raise GonerdError(
            f"{path}: cannot be written ({why}); make room and run the same command again, "
            "nothing half-written stands there"
        ) from error
