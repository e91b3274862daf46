"""Arguments and options that several commands of `gonerd models` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import UsageError

Model = Annotated[str, typer.Argument(help="Folder or hub id of a BERT- or RoBERTa-family encoder.")]
Out = Annotated[Path, typer.Option(help="Folder of the resulting model.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", show_default=False, help="An option of the pattern (gonerd models attention)."
    ),
]
Revision = Annotated[str | None, typer.Option(help="Commit or tag of a hub model.")]


def pairs(settings: list[str] | None, option: str = "--set") -> dict[str, Any]:
    """Reads the `name=value` words of an option."""
    read: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} {setting!r}: give NAME=VALUE")
        read[name.replace("-", "_")] = value
    return read
