"""`gonerd models`: looking at attention patterns and models, and measuring them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Seed, numbers, words

from ._options import Revision, Set, pairs
from .cli import app


@app.command()
def attention(
    pattern: Annotated[str | None, typer.Argument(show_default=False, help="Pattern (default: list all).")] = None,
    draw: Annotated[Path | None, typer.Option(show_default=False, help="PNG to write: which token sees which.")] = None,
    length: Annotated[int, typer.Option(help="Tokens of the text in the picture.")] = 256,
    settings: Set = None,
) -> None:
    """List the attention patterns with their options, or draw the mask of one."""
    with needs_extra("models"):
        from .attention import ATTENTION

        names = ATTENTION.names() if pattern is None else [pattern]
        chosen = [ATTENTION.get(name) for name in names]
        if draw is not None or settings:
            if pattern is None:
                raise UsageError("name the PATTERN to draw; `gonerd models attention` lists them")
            options = chosen[0].read_options(pairs(settings))
        if draw is None:
            typer.echo("\n".join(one.describe() for one in chosen))
            return
        with needs_extra("evaluation"):
            from .drawing import draw as draw_pattern

            share = draw_pattern(chosen[0], length, options, draw)
    typer.echo(f"{pattern}: {share:.1%} of all pairs at {length} tokens -> {draw}")


@app.command()
def info(
    model: Annotated[str, typer.Argument(help="Folder or hub id of an encoder.")],
    length: Annotated[
        int | None, typer.Option(show_default=False, help="Tokens of the text whose cost is told (default: the most).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    revision: Revision = None,
    config: Config = None,
) -> None:
    """Tell what MODEL is, which attention it gets here, and what a text costs, from its configuration alone."""
    with needs_extra("models"):
        from .info import describe, readable

        facts = describe(model, length, revision)
    typer.echo(json.dumps(facts, indent=2) if as_json else readable(facts))


@app.command()
def bench(
    patterns: Annotated[str, typer.Option(help="Attention patterns.")] = "full,longformer,bigbird,lsg,nystromformer",
    kinds: Annotated[
        str,
        typer.Option(
            help="length: one text; mixed: unequal documents; train: a training step; sentences: one of a batch."
        ),
    ] = "length,mixed,train,sentences",
    lengths: Annotated[str, typer.Option(help="Tokens of a text.")] = "512,1024,2048,4096,8192",
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds, in which all variants take turns.")] = 5,
    layers: Annotated[int, typer.Option(help="Layers measured for 12; fewer are multiplied up.")] = 12,
    hidden: Annotated[int, typer.Option(min=32, help="Width of the models.")] = 768,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each process.")] = 2,
    malloc: Annotated[str, typer.Option(help="Settings of the allocator.")] = "default,tuned",
    int8: Annotated[bool, typer.Option("--int8/--no-int8", help="Measure int8 dense layers too.")] = True,
    train_length: Annotated[int, typer.Option(min=1, help="Tokens of the text in training.")] = 4096,
    cap: Annotated[int, typer.Option(min=1, help="The longest of the unequal documents.")] = 4096,
    out: Annotated[
        Path | None, typer.Option(show_default=False, help="JSON file; cells that it holds are kept or replaced.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Measure nothing, print the tables of --out.")] = False,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure attention patterns beside Hugging Face's code, full attention and the dense products, on this machine."""
    with needs_extra("models"):
        from .bench.plan import BenchSettings
        from .bench.results import read, run
        from .bench.tables import markdown

        if show:
            if out is None:
                raise UsageError("--show: name the file with --out")
            result = read(out)
        else:
            settings = BenchSettings(
                patterns=tuple(words(patterns)),
                kinds=tuple(words(kinds)),
                lengths=tuple(numbers(lengths, "--lengths")),
                rounds=rounds,
                layers=layers,
                hidden=hidden,
                threads=threads,
                malloc=tuple(words(malloc)),
                int8=int8,
                train_length=train_length,
                cap=cap,
                seed=seed,
            )
            result = run(settings, out)
    typer.echo(markdown(result))
