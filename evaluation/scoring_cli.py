"""`gonerd evaluate`: tasks, prediction files, comparisons, and the files that hold results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import GonerdError, UsageError, needs_extra
from gonerd.options import Config, Limit, Seed

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


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Result file of the teacher, or a folder with tasks and seeds.")],
    second: Annotated[Path, typer.Argument(help="The same of the student.")],
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
