"""`gonerd evaluate efficiency`: time and memory of models beside baselines."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, Seed, numbers, words

from .cli import Models, Out, app


@app.command()
def efficiency(
    models: Models,
    out: Out,
    lengths: Annotated[str, typer.Option(help="Tokens in a text.")] = "512,1024,2048,4096",
    batch: Annotated[str, typer.Option(help="Texts in a batch.")] = "1",
    repeats: Annotated[int, typer.Option(min=1, help="Timed passes in a cell.")] = 5,
    baselines: Annotated[
        str, typer.Option(help="What stands beside each model: all, none, or names; see `gonerd evaluate baselines`.")
    ] = "all",
    beside: Annotated[
        str | None, typer.Option(show_default=False, help="Models that baselines stand beside (default: each).")
    ] = None,
    malloc: Annotated[
        Literal["default", "tuned", "both"], typer.Option(help="Settings of the C allocator, which CPU times hang on.")
    ] = "default",
    dtype: Annotated[str, typer.Option(help="Type of the weights: float32, bfloat16 or float16.")] = "float32",
    threads: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Threads of each process (default: torch's).")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Measure groups again in which a cell failed, for memory for instance.")
    ] = False,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure time and memory of MODELS beside baselines: in turn, warm, each cell in its own process.

    A killed run continues with the same command. Ratios are to the first model.
    """
    with needs_extra("evaluation"):
        from .efficiency import EfficiencySettings, measure_efficiency
        from .efficiency.table import lines
        from .naming import model_name

        named = {"all": None, "none": ()}.get(baselines, tuple(words(baselines)))
        settings = EfficiencySettings(
            lengths=tuple(numbers(lengths, "--lengths")),
            batches=tuple(numbers(batch, "--batch")),
            repeats=repeats,
            baselines=named,
            beside=None if beside is None else tuple(words(beside)),
            malloc=("default", "tuned") if malloc == "both" else (malloc,),
            threads=threads,
            dtype=dtype,
            seed=seed,
            retry=retry,
        )
        result = measure_efficiency(models, out, settings, tell=typer.echo)
    typer.echo(lines(result, model_name(models[0])))


@app.command()
def baselines() -> None:
    """List what `gonerd evaluate efficiency` can measure beside a model."""
    with needs_extra("evaluation"):
        from .baselines import BASELINES

        typer.echo("\n".join(f"{name}: {BASELINES.get(name).about}" for name in BASELINES.names()))
