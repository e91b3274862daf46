"""`gonerd evaluate`: scores, efficiency and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, Limit, command_group

app = command_group("Score fine-tuned models, measure time and memory, write the report.")

Models = Annotated[list[str], typer.Argument(help="Folders or hub ids.")]
Data = Annotated[str, typer.Option(help="Folder or hub id of the data; 'sample' is the packaged release.")]
Out = Annotated[Path, typer.Option(help="Folder of the results.")]


@app.command()
def run(
    models: Models,
    out: Out,
    task: Annotated[str, typer.Option(help="Task to score.")] = "gonerd",
    data: Annotated[
        str, typer.Option(help="Folder or hub id of the data; 'sample' is the packaged release.")
    ] = "sample",
    split: Annotated[str, typer.Option(help="Split to score.")] = "test",
    max_length: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens in a window (default: as fine-tuned).")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens that windows share (default: as fine-tuned).")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows run at once.")] = 1,
    limit: Limit = None,
    int8: Annotated[bool, typer.Option("--int8", help="Compute dense layers in 8-bit integers (CPU).")] = False,
    config: Config = None,
) -> None:
    """Score MODELS with exact span F1 and strict seqeval side by side."""
    with needs_extra("evaluation"):
        from .naming import check_names, model_name
        from .run import RunSettings, evaluate_model

        check_names([model_name(model) for model in models])
        settings = RunSettings(task, data, split, max_length, stride, batch_size, limit, int8)
        for model in models:
            micro = evaluate_model(model, out, settings)["micro"]
            typer.echo(
                f"{model_name(model)} on {task}/{split}: F1 {micro.f1:.3f} (precision {micro.precision:.3f}, "
                f"recall {micro.recall:.3f}, {micro.correct} of {micro.gold} spans) -> {out}"
            )


# The commands of times, reports, tasks, prediction and result files register themselves on the same group.
from . import efficiency_cli, report_cli, results_cli, tasks_cli  # noqa: E402, F401
