"""`gonerd annotate train`: pipelines learned from reviewed layers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, Seed


def train(
    documents: Annotated[Path, typer.Argument(help="Folder of documents, or a JSONL file with id and text.")],
    layer: Annotated[list[Path], typer.Option(help="Reviewed layer; the first that has a document counts.")],
    out: Annotated[Path, typer.Option(help="Folder of the pipeline, for `annotate run --pipeline`.")],
    kind: Annotated[
        str,
        typer.Option(
            help="recogniser: a spaCy recogniser; reader: a second reader of the base's drafts, in seconds; encoder: "
            "such a reader with a pretrained encoder, the best, in minutes (extra `models`)."
        ),
    ] = "recogniser",
    base: Annotated[str, typer.Option(help="spaCy pipeline to start from; blank for nothing.")] = "sm",
    validation: Annotated[float, typer.Option(help="Share of documents held out, to stop by.")] = 0.1,
    epochs: Annotated[
        int | None, typer.Option(show_default=False, help="Most passes over the documents (default: the kind's own).")
    ] = None,
    patience: Annotated[int, typer.Option(help="Passes without a better score before it stops.")] = 3,
    encoder: Annotated[
        str,
        typer.Option(
            help="Folder (`gonerd models teacher` prints one) or hub id of the encoder under a reader; a pipeline that "
            "was trained so is trained on."
        ),
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    fits: Annotated[
        int | None,
        typer.Option(
            show_default=False,
            help="Fits of kind encoder with other seeds, whose mean is kept (default: 3 where there is little to learn "
            "from, else 1).",
        ),
    ] = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Learn from what was reviewed, on a CPU: a recogniser, or a reader that corrects the drafts of a pipeline."""
    with needs_extra("annotation"):
        from .train import TrainSettings
        from .train import train as fit

        settings = TrainSettings(kind, base, validation, epochs, patience, seed=seed, encoder=encoder, fits=fits)
        summary = fit(documents, layer, out, settings)
    typer.echo(
        f"learned from {summary.spans} spans of {summary.documents} documents in {summary.epochs} passes "
        f"({summary.misaligned} spans cut a token and were left out) -> {out}"
    )
    typer.echo(
        f"F1 on {summary.validation_documents} documents held out: {100 * max(summary.f1):.1f}, with rules "
        f"{100 * summary.f1_with_rules:.1f} ({', '.join(summary.rules) or 'none helps'})"
    )
