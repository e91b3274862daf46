"""`gonerd annotate agree | adjudicate`: two annotators, and gold of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import Config, Seed


def agree(
    first: Annotated[Path, typer.Argument(help="Layer of one annotator.")],
    second: Annotated[Path, typer.Argument(help="Layer of the other.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    also: Annotated[
        list[Path] | None, typer.Option(show_default=False, help="Layer of a further annotator; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(show_default=False, help="JSON file for the measures.")] = None,
    differences: Annotated[
        Path | None, typer.Option(show_default=False, help="JSONL file for where FIRST and SECOND differ, by type.")
    ] = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure how far layers agree: exact, overlap and boundary F1, Cohen's and Fleiss' kappa, Krippendorff's alpha."""
    from dataclasses import asdict

    from gonerd.files import write_json

    from .agree import agree as count_agreement
    from .agree import agree_all
    from .disagreements import list_disagreements

    agreement = count_agreement(first, second, documents)
    measures = agreement.measure(seed)
    if (boundary := agreement.boundary(seed)) is not None:
        measures["boundary"] = {"micro": boundary}
    layers = [first, second, *(also or [])]
    measures.update({name: {"micro": found} for name, found in agree_all(layers, documents).measure(seed).items()})
    typer.echo(f"{agreement.documents} documents in both layers")
    for measure, values in measures.items():
        for label, found in values.items():
            typer.echo(f"{measure:18} {label:6} {found.value:.3f}  [{found.low:.3f}, {found.high:.3f}]")
    if differences:
        kinds = list_disagreements(first, second, documents, differences)
        typer.echo(f"differences: {', '.join(f'{k} {n}' for k, n in sorted(kinds.items())) or 'none'} -> {differences}")
    if out:
        rows = {
            measure: {label: asdict(found) for label, found in values.items()} for measure, values in measures.items()
        }
        named = {"first": str(first), "second": str(second), "also": [str(path) for path in also or []]}
        write_json(out, {**named, "documents": agreement.documents, **rows})


def adjudicate(
    first: Annotated[Path, typer.Argument(help="Layer of one annotator.")],
    second: Annotated[Path, typer.Argument(help="Layer of the other.")],
    documents: Annotated[Path, typer.Option(help="The annotated documents.")],
    decisions: Annotated[
        str, typer.Option(help="JSONL file with a decision for each disagreement, or sample:decisions.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the gold layer.")],
    config: Config = None,
) -> None:
    """Make a gold layer: what both annotators have, and a decision with its reason wherever they differ."""
    from .adjudicate import adjudicate as decide

    summary = decide(first, second, documents, decisions, out)
    spans = ", ".join(f"{origin} {count}" for origin, count in sorted(summary.spans.items())) or "none"
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary.decisions.items()) or "none"
    typer.echo(f"{summary.documents} documents, spans: {spans}; decisions: {kinds} -> {out}")
