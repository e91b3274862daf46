"""`gonerd annotate`: make annotation layers and write them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, Limit, command_group

app = command_group("Annotate documents with a spaCy pipeline, and export the layers.")


@app.command()
def run(
    documents: Annotated[Path, typer.Argument(help="Folder of documents, or a JSONL file with id and text.")],
    out: Annotated[Path, typer.Option(help="Folder of the layer.")],
    pipeline: Annotated[str, typer.Option(help="spaCy package name or folder.")] = "en_core_web_sm",
    limit: Limit = None,
    config: Config = None,
) -> None:
    """Annotate DOCUMENTS into a layer; the same command continues a killed run."""
    with needs_extra("annotation"):
        from .run import annotate_documents

        summary = annotate_documents(documents, out, pipeline, limit)
    spans = ", ".join(f"{label} {count}" for label, count in summary.spans.items()) or "none"
    dropped = ", ".join(f"{label} {count}" for label, count in sorted(summary.dropped.items())) or "none"
    typer.echo(f"annotated {summary.documents} documents ({summary.shards_reused} shards kept from before) -> {out}")
    typer.echo(f"spans: {spans}; outside the core labels: {dropped}")


@app.command()
def export(
    layer: Annotated[Path, typer.Argument(help="Folder of the annotation layer.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    format: Annotated[str, typer.Option(help="Output format.")] = "jsonl",
    config: Config = None,
) -> None:
    """Write LAYER with its documents as one file."""
    with needs_extra("annotation"):
        from .export import export_layer

        count = export_layer(layer, documents, out, format)
    typer.echo(f"exported {count} documents -> {out}")
