"""`gonerd evaluate`: the tasks, what is in them, and scoring prediction files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Limit

from .cli import app

TaskName = Annotated[str, typer.Argument(help="Name of a task; see `gonerd evaluate tasks`.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="Option of the task's reader; may be repeated."),
]
Scheme = Annotated[
    str | None, typer.Option(show_default=False, help="Tag scheme of the references (default: the task's).")
]


def _options(named: list[str] | None, **given: str | None) -> dict[str, str | None]:
    found = dict(given)
    for text in named or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--option {text!r}: write NAME=VALUE")
        found[name] = value
    return found


@app.command()
def tasks(
    markdown: Annotated[bool, typer.Option(help="Print Markdown rather than lines for a terminal.")] = False,
) -> None:
    """List the tasks: dataset, pinned revision, licence, metrics, options."""
    from .tasks_table import tasks_markdown, tasks_text

    typer.echo(tasks_markdown().rstrip("\n") if markdown else tasks_text())


@app.command()
def examples(
    task: TaskName,
    split: Annotated[str | None, typer.Option(show_default=False, help="Split (default: the task's).")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder of the original files (default: the hub).")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(show_default=False, help="Commit on the hub (default: the pinned one).")
    ] = None,
    option: Options = None,
    limit: Limit = None,
    config: Config = None,
) -> None:
    """Load a split and print, as JSON, what was read, set aside and kept, and where it came from."""
    from .tasks import TASKS

    loaded = TASKS.get(task).load(split, data_dir, revision, limit, **_given(_options(option)))
    typer.echo(json.dumps({"dataset": loaded.dataset, "counts": loaded.counts()}, indent=2, ensure_ascii=False))


def _given(options: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


@app.command()
def score(
    task: TaskName,
    predictions: Annotated[Path, typer.Option(help="Prediction file in the official format.")],
    references: Annotated[Path, typer.Option(help="Gold file of the original distribution.")],
    partial: Annotated[
        bool, typer.Option(help="Count missing predictions as wrong and pass over unknown ids, as official scorers do.")
    ] = False,
    na_prob: Annotated[
        Path | None, typer.Option(show_default=False, help="Scores of there being no answer (squad_v2).")
    ] = None,
    scheme: Scheme = None,
    predicted_scheme: Annotated[
        str | None, typer.Option(show_default=False, help="Tag scheme of the predictions (default: BIO).")
    ] = None,
    option: Options = None,
    model: Annotated[
        str | None, typer.Option(show_default=False, help="Name of the model (default: that of the file).")
    ] = None,
    out: Annotated[Path | None, typer.Option(show_default=False, help="Result file to write, NAME.json.")] = None,
    config: Config = None,
) -> None:
    """Score a prediction file in the official format of TASK and print the numbers as JSON."""
    with needs_extra("evaluation"):
        from .scoring import score_files
        from .tasks import TASKS

        chosen = TASKS.get(task)
        given = _options(
            option, na_prob=str(na_prob) if na_prob else None, scheme=scheme, predicted_scheme=predicted_scheme
        )
        found, matched = score_files(chosen, predictions, references, partial=partial, options=given)
        if out is not None:
            from .results import write_result
            from .score_result import scored_file

            name = model or predictions.name.partition(".")[0]
            result = scored_file(found, references, out, model=name, options=_given(given), partial=partial)
            write_result(out, result, matched)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
