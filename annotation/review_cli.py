"""`gonerd annotate`: looking at layers, checking them, and having them reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import Config, Limit

from .cli import app

Layer = Annotated[Path, typer.Argument(help="Folder of the annotation layer.")]
Documents = Annotated[Path, typer.Option(help="The annotated documents.")]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


@app.command()
def preview(
    layer: Layer,
    documents: Documents,
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    against: Annotated[
        Path | None, typer.Option(show_default=False, help="Second layer; what the two disagree on is marked.")
    ] = None,
    limit: Limit = None,
    config: Config = None,
) -> None:
    """Show LAYER as one self-contained, read-only page."""
    from .preview import write_preview

    summary = write_preview(layer, documents, out, against, limit)
    differences = f", differences: {_counts(summary.disputes)}" if against else ""
    typer.echo(f"{summary.documents} documents, {summary.spans} spans{differences} -> {out}")
