"""`gonerd evaluate replicate`: the whole matrix of teachers, students and tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import GonerdError, UsageError, needs_extra

from .cli import app


@app.command()
def replicate(
    config: Annotated[
        Path, typer.Option(help="YAML file with the replication; configs/replicate-*.yaml are examples.")
    ],
    out: Annotated[
        Path | None, typer.Option(show_default=False, help="Working folder: text, models, predictions, report.")
    ] = None,
    data_root: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder that the data lie below (default: the file's).")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP",
            help="Do these steps only: names, patterns, or kinds (corpus, model, cell, times, report, deepen).",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--for", min=0, metavar="MINUTES", show_default=False, help="Begin nothing after so long."),
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Do cells and times again that were done with other settings.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that train and score side by side, each on a GPU of its own.")
    ] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the steps with what is done, and stop.")] = False,
    results_only: Annotated[
        bool, typer.Option("--results-only", help="Write RESULTS.md from the kept results, and stop.")
    ] = False,
) -> None:
    """Convert, distil, fine-tune, score, time and report: every model on every task, as one job.

    A run that was killed or stopped continues with the same command. What may be kept in public goes into the folder
    `results` of the configuration, and what it says into RESULTS.md.
    """
    with needs_extra("evaluation"):
        from .replicate import read_replicate
        from .replicate.document import write_document
        from .replicate.run import replicate as run_all

        told = read_replicate(config, data_root)
        if out is None and not results_only:
            raise UsageError("name the working folder with --out")
        if dry_run and out is not None:
            _list(told, out, only or ())
            return
        if out is None or results_only:
            typer.echo(f"RESULTS -> {write_document(told, out)}")
            return
        done = run_all(told, out, only or (), minutes, redo, workers, typer.echo)
        typer.echo(f"{len(done.done)} steps done now, {len(done.before)} before")
        problem = ""
        try:
            typer.echo(f"RESULTS -> {write_document(told, out)}")
        except GonerdError as error:  # what failed is said as well
            problem = f"RESULTS.md was not written: {error}"
    if done.left:
        typer.echo(
            f"the time is up: {len(done.left)} steps are left, {done.left[0]} the first; the same command goes on"
        )
    if done.failed:
        failed = f"{len(done.failed)} steps failed, as said above; the same command tries them again"
        problem = f"{failed}; {problem}" if problem else failed
    if problem:
        raise GonerdError(problem)


def _list(told: Any, out: Path, only: Any) -> None:
    from .replicate.run import states
    from .replicate.work import DONE

    count = left = 0
    for work, state in states(told, out, only):
        count, left = count + 1, left + (state.what != DONE)
        typer.echo(f"{work.name}: {state}")
    typer.echo(f"{count} steps, {count - left} done, {left} left; nothing was written")
    if told.deepen is not None:
        typer.echo(f"then up to {told.deepen.most_seeds} seeds where intervals are widest")
