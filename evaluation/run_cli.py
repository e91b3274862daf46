"""`gonerd evaluate run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gonerd.errors import GonerdError, UsageError, needs_extra
from gonerd.options import Config, Limit, words

from .cli import Models, Out, app
from .tasks_cli import Options


@app.command()
def run(
    models: Models,
    out: Out,
    tasks: Annotated[
        str | None,
        typer.Option(
            "--tasks",
            "--task",
            show_default=False,
            help="Tasks to score, comma-separated: names of tasks or of entries of --data (default: all of these, or "
            "gonerd).",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="YAML file that says where the data of each task lie; for gonerd alone, folder or hub id of a "
            "release (default: the hub, for gonerd the packaged sample).",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder of the original files, for a single task.")
    ] = None,
    data_root: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder that holds a folder of original files a task.")
    ] = None,
    split: Annotated[str | None, typer.Option(show_default=False, help="Split to score (default: the task's).")] = None,
    revision: Annotated[
        str | None, typer.Option(show_default=False, help="Commit of data on the hub (default: the pinned one).")
    ] = None,
    option: Options = None,
    seeds: Annotated[
        str | None,
        typer.Option(show_default=False, help="Seeds of fine-tuning, comma-separated, a result each (default: 0)."),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens in a window (default: as fine-tuned).")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens that windows share (default: as fine-tuned).")
    ] = None,
    batch_size: Annotated[
        str, typer.Option(help="Windows run at once; auto fills batches and halves them on memory errors.")
    ] = "auto",
    limit: Limit = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, show_default=False, help="Epochs of fine-tuning (default: the task's).")
    ] = None,
    train_limit: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Fine-tune on so many examples (default: all).")
    ] = None,
    bf16: Annotated[
        bool | None,
        typer.Option(
            "--bf16/--fp32", show_default=False, help="Precision of fine-tuning (default: bf16 where a GPU can)."
        ),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Compute dense layers in 8-bit integers (CPU).")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Cells, a model on a task, that run at the same time.")] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Time a few windows, say what everything would take, and stop.")
    ] = False,
    config: Config = None,
) -> None:
    """Score MODELS on tasks; those without a head for a task are fine-tuned first.

    A run that was killed continues with the same command: fine-tuned models stay in OUT/models, predictions in
    OUT/cache. On many devices: accelerate launch -m gonerd evaluate run ...
    """
    with needs_extra("evaluation"):
        from gonerd.models._options import pairs
        from gonerd.models.finetuning.batching import Batching

        from .finding import find_places
        from .matrix import cells_of, run_cells
        from .naming import check_names, model_name
        from .run import RunSettings

        check_names([model_name(model) for model in models])
        places = find_places(
            words(tasks or ""),
            data=data,
            data_dir=data_dir,
            data_root=data_root,
            split=split,
            options=pairs(option, "--option"),
            revision=revision,
        )
        windows = Batching.parse(batch_size).windows
        settings = RunSettings(max_length, stride, windows, limit, int8, None, epochs, train_limit, bf16)
        cells = cells_of(models, places, settings, _seeds(seeds))
        if dry_run:
            _say_what_it_takes(cells, out)
            return
        failed = 0
        for cell, found in run_cells(cells, out, jobs):
            failed += isinstance(found, GonerdError)
            _say(cell, found, out)
    if failed:
        raise _failure(failed, len(cells))


def _say(cell: Any, found: Any, out: Path) -> None:
    from gonerd.models.distill.processes import processes

    if isinstance(found, GonerdError):
        typer.echo(f"error: {cell.name}: {found}", err=True)
    elif processes().is_main_process:
        counts = found.counts
        typer.echo(
            f"{found.model.name} on {found.task.title}/{found.task.split}: {_headline(found)} ({counts.scored} "
            f"examples, {counts.tokens:,} tokens in {counts.windows} windows, {counts.truncated} truncated) -> {out}"
        )


def _headline(found: Any) -> str:
    from .metrics import METRICS
    from .tasks import TASKS

    named = [METRICS.get(name) for name in TASKS.get(found.task.name).headline]
    titles = [metric.name if metric.main == metric.name else f"{metric.name} {metric.main}" for metric in named]
    values = [found.metrics[metric.name][metric.main] for metric in named]
    parts = [f"{title} {value:.4g}" for title, value in zip(titles, values, strict=True)]
    return f"score {found.score:.3f}, {', '.join(parts)}"


def _say_what_it_takes(cells: list[Any], out: Path) -> None:
    from .estimate import estimate

    total, failed = 0.0, 0
    for cell in cells:
        try:
            found = estimate(cell, out)
        except GonerdError as error:
            failed += 1
            typer.echo(f"error: {cell.name}: {error}", err=True)
            continue
        total += found.tuning + found.predicting
        typer.echo(
            f"{cell.name}: {found.examples} examples, {found.cached} predicted already, about {found.windows} windows "
            f"to run; fine-tuning {_clock(found.tuning)}, prediction {_clock(found.predicting)}"
        )
    typer.echo(f"{len(cells)} cells, about {_clock(total)} on this machine, one after the other; nothing was written")
    if failed:
        raise _failure(failed, len(cells))


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _failure(failed: int, count: int) -> GonerdError:
    return GonerdError(f"{failed} of {count} cells failed, as said above; the same command runs these again")


def _seeds(text: str | None) -> list[int]:
    found = words(text or "")
    if not all(word.isdecimal() for word in found) or len(set(found)) < len(found):
        raise UsageError(f"--seeds {text!r}: give different whole numbers, separated by commas")
    return [int(word) for word in found]
