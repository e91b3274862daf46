"""`gonerd models corpus`: text to train encoders on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra


def corpus(
    config: Annotated[Path, typer.Argument(help="YAML file with the mix; configs/corpus/ holds examples.")],
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    tokenizer: Annotated[
        str | None,
        typer.Option(show_default=False, help="Model whose tokens it holds (default: the mix's)."),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=8, show_default=False, help="Tokens in a row (default: the mix's).")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="Stop after this many tokens (default: the mix's).")
    ] = None,
) -> None:
    """Mix, filter, deduplicate, tokenise and pack text; run again, it goes on where it was stopped."""
    with needs_extra("models"):
        from .corpus import build_corpus, read_mix

        mix = read_mix(config, tokenizer=tokenizer, max_length=max_length, tokens=tokens)
        made = build_corpus(mix, out)
    facts = made.statistics
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in facts["dropped"].items()) or "none"
    rows = f"{made.count('train'):,} rows of {made.max_length} and {made.count('held-out'):,} held out"
    typer.echo(f"{facts['documents']:,} documents, {facts['tokens']:,} tokens, {rows}; dropped: {dropped} -> {out}")
