"""`gonerd evaluate`: scores, efficiency and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Seed, command_group

app = command_group("Score fine-tuned models, measure time and memory, write the report.")

Models = Annotated[list[str], typer.Argument(help="Folders or hub ids.")]
Out = Annotated[Path, typer.Option(help="Folder of the results.")]


def _numbers(text: str, option: str) -> list[int]:
    try:
        values = [int(part) for part in text.replace("[", "").replace("]", "").split(",")]
    except ValueError:
        values = []
    if not values or min(values) < 1:
        raise UsageError(f"{option} {text!r}: give whole numbers above 0, separated by commas")
    return values


@app.command()
def efficiency(
    models: Models,
    out: Out,
    lengths: Annotated[str, typer.Option(help="Tokens in a sequence.")] = "512,1024,2048,4096",
    batch: Annotated[str, typer.Option(help="Sequences in a batch.")] = "1",
    repeats: Annotated[int, typer.Option(min=1, help="Timed passes in a cell.")] = 5,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure time and peak memory of MODELS, in turn, each cell in its own process."""
    with needs_extra("evaluation"):
        from .efficiency import measure_efficiency

        cells = measure_efficiency(
            models, out, _numbers(lengths, "--lengths"), _numbers(batch, "--batch"), repeats, seed
        )
    for cell in cells:
        typer.echo(
            f"{cell['model']} at {cell['length']} tokens x {cell['batch']}: {cell['seconds'] * 1e3:.0f} ms, "
            f"{cell['peak_bytes'] / 1e6:.0f} MB ({cell['attention']})"
        )


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="Folder of result files.")],
    out: Annotated[Path, typer.Option(help="Folder of the report.")],
    teacher: Annotated[
        str | None, typer.Option(show_default=False, help="Model to compare with (default: the largest).")
    ] = None,
    config: Config = None,
) -> None:
    """Write one self-contained HTML page and Markdown: what was kept, what was saved."""
    with needs_extra("evaluation"):
        from .report import write_report

        written = write_report(results, out, teacher)
    typer.echo(f"report -> {', '.join(str(path) for path in written)}")


# The commands of the runner, tasks, prediction files and result files register themselves on the same group.
from . import results_cli, run_cli, tasks_cli  # noqa: E402, F401
