"""`gonerd evaluate`: the report, the leaderboard, and what model cards say of scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, Seed

from .cli import app

Results = Annotated[list[Path], typer.Argument(help="Folders of result files, or such files.")]


@app.command()
def report(
    results: Results,
    out: Annotated[Path, typer.Option(help="Folder of the report.")],
    teacher: Annotated[
        str | None, typer.Option(show_default=False, help="Model to compare with (default: the largest).")
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(metavar="TEACHER=STUDENT", help="Compare these two, and only pairs named so; may be repeated."),
    ] = None,
    texts: Annotated[
        bool | None,
        typer.Option(
            "--texts/--no-texts",
            show_default=False,
            help="Put the texts of wrong examples into the page, or none (default: those of GONERD documents whose "
            "licence lets them be passed on).",
        ),
    ] = None,
    data_dir: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK=PATH",
            help="Where a task's data are, for the texts, a path alone for all others (default: as results say).",
        ),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Most wrong examples to show of a task and pair.")] = 20,
    margin: Annotated[float, typer.Option(help="Largest difference of scores (0 to 1) that does not matter.")] = 0.01,
    resamples: Annotated[int, typer.Option(min=1, help="Samples of the bootstrap; five times as many swaps.")] = 2000,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Write one self-contained HTML page and Markdown: what was kept, what was saved, and every error."""
    with needs_extra("evaluation"):
        from .compare.pairs import CompareSettings
        from .report import ReportSettings, write_report
        from .report.texts import TextSettings, folders_of

        settings = ReportSettings(
            teacher,
            tuple(pair or ()),
            CompareSettings(margin, resamples, seed),
            TextSettings(texts, folders_of(data_dir or [])),
            examples,
        )
        written = write_report(results, out, settings)
    typer.echo(f"report -> {', '.join(str(path) for path in written)}")


@app.command()
def leaderboard(
    results: Results,
    out: Annotated[
        Path | None, typer.Option(show_default=False, help="File that ends in .md, .html or .csv (default: print).")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Task that counts; may be repeated (default: all).")] = None,
    config: Config = None,
) -> None:
    """Rank every model of many results by its mean score, with what a pass costs."""
    with needs_extra("evaluation"):
        from gonerd.files import write_text

        from .report.boards import as_markdown, format_of
        from .report.leaderboard import leaderboard as rank

        write = as_markdown if out is None else format_of(out)
        board = rank(results, task or ())
        text = write(board)
        if out is not None:
            write_text(out, text)
            text = f"{len(board.standings)} models, {len(board.columns)} tasks -> {out}\n"
    typer.echo(text, nl=False)


@app.command()
def card(
    results: Results,
    out: Annotated[Path, typer.Option(help="Folder of the models; a card in OUT/MODEL keeps its text.")],
    model: Annotated[
        list[str] | None, typer.Option(help="Name of the model; may be repeated (default: all that were scored).")
    ] = None,
    local_files: Annotated[
        bool, typer.Option("--local-files", help="Local files are the hub's splits; their scores go there as well.")
    ] = False,
    config: Config = None,
) -> None:
    """Write scores into model cards: `model-index` in README.md, and `.eval_results/` for the hub's leaderboards."""
    with needs_extra("evaluation"):
        from .report.cards import write_cards

        written = write_cards(results, out, model or (), local_files=local_files)
    for one in written:
        typer.echo(f"{one.card}: model-index, {len(one.entries)} files in .eval_results")
        for task, reason in one.left_out.items():
            typer.echo(f"  {task} has none there: {reason}")
