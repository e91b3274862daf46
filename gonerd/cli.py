"""The `gonerd` command: gathers the command groups and turns errors into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import metadata
from typing import Annotated

import typer

from . import __version__
from .errors import GonerdError
from .options import command_group
from .room import no_room

GROUPS = "gonerd.commands"
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gonerd {__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """Builds the command from every entry point in the group `gonerd.commands`.

    Raises:
        GonerdError: Two distributions bring a group of the same name.
    """
    app = command_group("Long-context named-entity data: crawl, annotate, build, convert, distil, evaluate.")

    @app.callback()
    def root(
        debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        pass

    found: dict[str, metadata.EntryPoint] = {}
    for entry in sorted(metadata.entry_points(group=GROUPS), key=lambda e: e.name):
        known = found.setdefault(entry.name, entry)
        if known.value != entry.value:
            raise GonerdError(f"two packages bring a command group {entry.name!r}: {known.value} and {entry.value}")
    for name, entry in found.items():
        group = entry.load()
        if isinstance(group, typer.Typer):
            app.add_typer(group, name=name)
        else:  # a single command rather than a group
            app.command(name)(group)
    return app


def _quieten() -> None:
    """Keeps the libraries' own chatter out of a command's output; what the environment says already wins."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    if not sys.stderr.isatty():  # bars are for people who watch
        os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: Words after the program's name; those of the process when None.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted.
    """
    _quieten()
    words = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in words
    cause: Exception | None = None
    words = [word for word in words if word != "--debug"]  # accepted anywhere, not only before the group
    try:
        code = build_app()(words, prog_name="gonerd", standalone_mode=True)
        return int(code or 0)
    except SystemExit as done:  # how Typer ends: its own usage errors, and an interrupt
        if done.code != EXIT_INTERRUPTED:
            return done.code if isinstance(done.code, int) else EXIT_FAILED
        message, code = "interrupted; run the same command again to continue", EXIT_INTERRUPTED
    except GonerdError as error:
        message, code, cause = str(error), error.exit_code, error
    except OSError as error:  # a full disk, a missing permission: outputs are renamed only when whole
        what = error.filename or "a file"
        message, code = (
            f"{what} cannot be written or read ({error.strerror or error}); nothing is left half-done",
            EXIT_FAILED,
        )
        cause = error
    except Exception as error:  # the last line of defence: one sentence, never a raw traceback
        message, code, cause = _unexpected(error), EXIT_FAILED, error
    if debug and cause is not None:
        traceback.print_exception(cause)
    print(f"error: {message}", file=sys.stderr)
    return int(code)


def _unexpected(error: Exception) -> str:
    # Libraries that write by themselves raise errors of their own where a disk is full.
    return no_room(error) or f"unexpected {type(error).__name__}: {error} (run again with --debug to see where)"


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
