"""`gonerd evaluate`: comparing results, and checking the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import GonerdError, needs_extra
from gonerd.options import Config, Seed

from .cli import app


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="The teacher: a result file, its folder, or FOLDER/MODEL.")],
    second: Annotated[Path, typer.Argument(help="The student, likewise.")],
    margin: Annotated[
        float,
        typer.Option(help="Largest difference of scores (0 to 1) that does not matter, for the equivalence test."),
    ] = 0.01,
    resamples: Annotated[int, typer.Option(min=1, help="Samples of the bootstrap; five times as many swaps.")] = 2000,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(show_default=False, help="JSON file for everything, flips included.")
    ] = None,
    config: Config = None,
) -> None:
    """Say what SECOND keeps of FIRST's scores and saves of its time, with intervals, tests and flips."""
    with needs_extra("evaluation"):
        from gonerd.files import write_json

        from .compare.run import CompareSettings
        from .compare.run import compare as compare_results
        from .compare.text import lines

        found: dict[str, Any] = compare_results(first, second, CompareSettings(margin, resamples, seed))
        if out is not None:
            write_json(out, found)
    typer.echo("\n".join(lines(found)))


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="Result files, or folders of them.")],
    config: Config = None,
) -> None:
    """Check result files against the schema, and their scores against the predictions beside them."""
    with needs_extra("evaluation"):
        from .validate import validate as check

        wrong = 0
        for found in check(files):
            typer.echo(f"error: {found}" if isinstance(found, GonerdError) else str(found))
            wrong += isinstance(found, GonerdError)
    if wrong:
        raise GonerdError(f"{wrong} of the files are not valid, as said above")
