"""`gonerd dataset`: build a release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import Config, Limit, Seed, command_group

app = command_group("Build the dataset from documents and an annotation layer.")


@app.command()
def build(
    documents: Annotated[Path, typer.Option(help="Folder of documents, or a JSONL file.")],
    layer: Annotated[Path, typer.Option(help="Folder of the annotation layer.")],
    out: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset (default: that of the folder).")] = None,
    card: Annotated[Path | None, typer.Option(help="Markdown file with the card's prose.")] = None,
    limit: Limit = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Build README.md and data/{train,validation,test}-*.parquet."""
    from .build import build_dataset

    summary = build_dataset(documents, layer, out, name=name, prose=card, seed=seed, limit=limit)
    kept = ", ".join(f"{split} {count}" for split, count in summary.splits.items())
    typer.echo(f"{summary.documents} documents = {kept} + rejected {len(summary.rejected)} -> {out}")
    for rejected in summary.rejected:
        typer.echo(f"rejected {rejected.id}: {rejected.reason} ({rejected.detail})")


@app.command()
def show(
    dataset: Annotated[str, typer.Argument(help="Folder or hub id; 'sample' is the packaged release.")] = "sample",
    config: Config = None,
) -> None:
    """Load DATASET and print its splits and the first document of each."""
    from .load import load_dataset

    for split, rows in load_dataset(dataset).items():
        typer.echo(f"{split}: {rows.num_rows} documents, columns {', '.join(rows.column_names)}")
        for row in rows.select(range(min(1, rows.num_rows))):
            spans = [f"{row['text'][s['start'] : s['end']]!r} {s['label']}" for s in row["spans"][:3]]
            typer.echo(f"  {row['id']} {row['title']!r}: {len(row['tokens'])} tokens, {len(row['spans'])} spans")
            typer.echo(f"  first spans: {', '.join(spans) or 'none'}")
