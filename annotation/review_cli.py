"""`gonerd annotate`: looking at layers, checking them, and having them reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import Config, Limit, Seed

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


Url = Annotated[str, typer.Option(help="Address of the Label Studio server.")]
Project = Annotated[str, typer.Option(help="Title of the project.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(show_default=False, help="File with the access token (default: GONERD_LABEL_STUDIO_TOKEN)."),
]
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Send the token unencrypted to another machine.")]


@app.command()
def push(
    documents: Annotated[Path, typer.Argument(help="The documents to review.")],
    project: Project,
    layer: Annotated[Path | None, typer.Option(show_default=False, help="Layer whose spans are suggested.")] = None,
    blind: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of documents shown without suggestions, to measure anchoring."),
    ] = 0.0,
    url: Url = "http://127.0.0.1:8080",
    token_file: TokenFile = None,
    allow_http: AllowHttp = False,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Send DOCUMENTS to a Label Studio project; the same command continues."""
    from .label_studio import Client, read_token
    from .label_studio import push as send

    with Client(url, read_token(token_file), allow_http=allow_http) as client:
        summary = send(client, documents, project, layer, blind=blind, seed=seed)
    typer.echo(
        f"sent {summary.sent} tasks ({summary.there} were there; {summary.blind} without suggestions) -> {project}"
    )


@app.command()
def pull(
    documents: Annotated[Path, typer.Argument(help="The documents that were sent.")],
    project: Project,
    out: Annotated[Path, typer.Option(help="Folder of the layer; its name is the layer's.")],
    annotator: Annotated[
        str | None, typer.Option(show_default=False, help="Whose annotations, where several people made them.")
    ] = None,
    url: Url = "http://127.0.0.1:8080",
    token_file: TokenFile = None,
    allow_http: AllowHttp = False,
    config: Config = None,
) -> None:
    """Make a layer of what annotators completed in a Label Studio project."""
    from .label_studio import Client, read_token
    from .label_studio import pull as fetch

    with Client(url, read_token(token_file), allow_http=allow_http) as client:
        summary = fetch(client, documents, project, out, annotator=annotator)
    aside = _counts(summary.set_aside)
    typer.echo(f"pulled {summary.documents} documents ({summary.changed} changed; set aside: {aside}) -> {out}")


@app.command()
def check(
    layer: Layer,
    documents: Documents,
    report: Annotated[Path | None, typer.Option(show_default=False, help="JSONL file for the findings.")] = None,
    repair: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder for a copy of the layer with broken spans mended.")
    ] = None,
    config: Config = None,
) -> None:
    """Find misaligned, overlapping and empty spans in LAYER, and surfaces marked in one place and not in another."""
    from .check import check_layer, refuse_broken

    summary = check_layer(layer, documents, report, repair)
    typer.echo(f"{summary.documents} documents: {_counts(summary.findings)}")
    if repair:
        typer.echo(f"repaired -> {repair}")
    else:
        refuse_broken(summary, layer)


@app.command()
def anchoring(
    reviewed: Annotated[Path, typer.Argument(help="Layer of the reviewers.")],
    suggested: Annotated[Path, typer.Argument(help="Layer that was suggested.")],
    documents: Documents,
    blind: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the blind slice, as pushed.")],
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Measure how far suggestions draw reviewers to them: agreement with and without having seen them."""
    from .blind import measure_anchoring

    found = measure_anchoring(reviewed, suggested, documents, blind, seed)
    for name, measure in (("shown", found.shown), ("blind", found.blind), ("difference", found.difference)):
        typer.echo(f"{name:10} {measure.value:.3f}  [{measure.low:.3f}, {measure.high:.3f}]")
    typer.echo(f"{found.documents[0]} documents with suggestions, {found.documents[1]} without")


@app.command("next")
def next_(
    documents: Annotated[Path, typer.Argument(help="The documents to choose from.")],
    layer: Annotated[
        list[Path] | None, typer.Option(show_default=False, help="Layer to look at; may be repeated.")
    ] = None,
    reviewed: Annotated[
        list[Path] | None,
        typer.Option(show_default=False, help="Layer of people, whose documents are done; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(show_default=False, help="JSONL file for the order.")] = None,
    chosen: Annotated[
        Path | None, typer.Option(show_default=False, help="Folder for the chosen documents, ready to push.")
    ] = None,
    disagreement: Annotated[float, typer.Option(min=0.0, help="Weight of what layers disagree on.")] = 0.6,
    length: Annotated[float, typer.Option(min=0.0, help="Weight of a document's length.")] = 0.2,
    balance: Annotated[float, typer.Option(min=0.0, help="Weight of domains that lack review.")] = 0.2,
    limit: Limit = 20,
    config: Config = None,
) -> None:
    """Order the documents that would teach most, and say why."""
    from .next import Weights, order_documents, write_chosen, write_order

    weights = Weights(disagreement, length, balance)
    choices = order_documents(documents, layer or [], reviewed or [], weights, limit)
    for choice in choices:
        typer.echo(f"{choice.rank:4} {choice.score:.3f} {choice.id}: {choice.why}")
    if out:
        write_order(choices, out)
    if chosen:
        write_chosen(choices, documents, chosen)


@app.command()
def decide(
    first: Annotated[Path, typer.Argument(help="Layer of one annotator.")],
    second: Annotated[Path, typer.Argument(help="Layer of the other.")],
    judge: Annotated[Path, typer.Argument(help="Layer of the adjudicator, for instance pulled from Label Studio.")],
    documents: Documents,
    out: Annotated[Path, typer.Option(help="JSONL file of decisions.")],
    reason: Annotated[str, typer.Option(help="Why the adjudicator is right (default: names the layer).")] = "",
    config: Config = None,
) -> None:
    """Turn the adjudicator's layer into decisions for `adjudicate`."""
    from .decide import decide_by_layer

    count = decide_by_layer(first, second, judge, documents, out, reason)
    typer.echo(f"{count} decisions -> {out}")
