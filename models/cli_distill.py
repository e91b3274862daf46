"""`gonerd models distill`: recipes of conversion, halving and training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra


def distill(
    config: Annotated[Path, typer.Option(help="YAML file with the recipe; configs/distill/ holds examples.")],
    out: Annotated[Path, typer.Option(help="Folder under which every step has its own.")],
    model: Annotated[
        str | None, typer.Option(show_default=False, help="Folder or hub id to begin with (default: the recipe's).")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(show_default=False, help="Folder of the corpus (default: the recipe's).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(show_default=False, help="Seed of everything random (default: the recipe's).")
    ] = None,
) -> None:
    """Run a recipe, step by step; run again, it goes on where it was stopped.

    On many devices: accelerate launch -m gonerd models distill ...
    """
    with needs_extra("models"):
        from .distill import read_recipe, run_recipe

        recipe = read_recipe(config, model=model, corpus=corpus, seed=seed)
        for name, done in run_recipe(recipe, out):
            typer.echo(f"{name}: {done} -> {out / name}")


def card(
    model: Annotated[Path, typer.Argument(help="Folder of a model that gonerd saved.")],
    results: Annotated[
        list[Path] | None, typer.Option("--result", show_default=False, help="Result file of `gonerd evaluate run`.")
    ] = None,
) -> None:
    """Write the card of MODEL again, with its scores."""
    with needs_extra("models"):
        from .card import CARD, rewrite_card

        rewrite_card(model, results or [])
    typer.echo(f"{len(results or [])} results -> {model / CARD}")
