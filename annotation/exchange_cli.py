"""`gonerd annotate export | import`: layers to other tools and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config


def export(
    layer: Annotated[Path, typer.Argument(help="Folder of the annotation layer.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    out: Annotated[Path, typer.Option(help="File to write; of brat a folder.")],
    format: Annotated[
        str, typer.Option(help="jsonl, conll, docbin, label-studio, doccano, prodigy, argilla or brat.")
    ] = "jsonl",
    config: Config = None,
) -> None:
    """Write LAYER with its documents for another tool."""
    with needs_extra("annotation"):
        from .export import export_layer

        count = export_layer(layer, documents, out, format)
    typer.echo(f"exported {count} documents -> {out}")


def import_(
    source: Annotated[str, typer.Argument(help="File of a tool, or sample:annotator-a, sample:annotator-b.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    out: Annotated[Path, typer.Option(help="Folder of the layer; its name is the layer's.")],
    format: Annotated[
        str, typer.Option(help="jsonl, conll, docbin, label-studio, doccano, prodigy, argilla or brat.")
    ] = "jsonl",
    offsets: Annotated[
        str | None,
        typer.Option(show_default=False, help="code-point, utf-16 or grapheme (default: what the tool counts in)."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(show_default=False, help="Whose annotations, where the file holds several people's.")
    ] = None,
    config: Config = None,
) -> None:
    """Make a layer from what people marked in a tool, checked against the text of every document."""
    from .layers import import_layer

    summary = import_layer(source, documents, out, format, offsets=offsets, annotator=annotator)
    aside = ", ".join(f"{reason} {count}" for reason, count in summary.set_aside.items()) or "none"
    typer.echo(f"imported {summary.documents} of {summary.given} documents (set aside: {aside}) -> {out}")
