"""`gonerd demo`: the whole road on the embedded site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import Config, Seed


def demo(
    out: Annotated[Path, typer.Option(help="Folder under which everything lands.")] = Path("out/demo"),
    teacher: Annotated[
        str | None, typer.Option(show_default=False, help="Folder or hub id of an encoder (default: the packaged one).")
    ] = None,
    window: Annotated[int, typer.Option(help="Width of the local attention, in tokens.")] = 256,
    max_length: Annotated[int, typer.Option(help="Tokens that the model sees at once.")] = 1024,
    epochs: Annotated[float, typer.Option(help="Passes over the training documents.")] = 3.0,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 5e-4,
    lengths: Annotated[str, typer.Option(help="Tokens of the efficiency cells.")] = "512,1024,2048,4096",
    repeats: Annotated[int, typer.Option(min=1, help="Timed passes in an efficiency cell.")] = 3,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Walk the whole road on the embedded site: crawl, extract, annotate, build, convert, fine-tune, report."""
    from .road import DemoSettings, run_demo

    run_demo(DemoSettings(out, teacher, window, max_length, epochs, learning_rate, lengths, repeats, seed))
