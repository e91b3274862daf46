"""Errors a user can act on: one sentence each, naming the place, the field and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class GonerdError(Exception):
    """Something the user can mend; the CLI prints the message alone and exits with `exit_code`."""

    exit_code = 1


class UsageError(GonerdError):
    """The command was called wrongly: unknown name, missing option, malformed configuration."""

    exit_code = 2


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Builds the error for a name that is not registered, with the nearest known ones.

    Args:
        kind: What was named, for instance "attention" or "key".
        name: The unknown name as the user typed it.
        known: Every valid name.

    Returns:
        The error, ready to be raised.
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"known: {', '.join(known)}."
    return UsageError(f"unknown {kind} {name!r}; {hint}")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turns a missing third-party package into one sentence that names the pip command.

    Args:
        extra: The extra of this distribution that installs what the block imports.

    Raises:
        GonerdError: A package outside this project could not be imported.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "gonerd":
            raise  # a broken import of our own is a bug, not a missing extra
        raise GonerdError(
            f"this command needs the package {error.name!r}, which is not installed; run: pip install 'gonerd[{extra}]'"
        ) from error
