"""`gonerd dataset`: build, look at, check, complete, write out and publish releases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from gonerd import __version__
from gonerd.errors import GonerdError, needs_extra
from gonerd.options import Config, Limit, Seed, command_group

app = command_group("Build, check, complete, export and publish releases of the dataset.")

Release = Annotated[str, typer.Argument(help="Folder of a release; 'sample' is the packaged one.")]

# Commands that load a dataset take what `gonerd.load_dataset` takes.
Source = Annotated[
    str, typer.Argument(help="Folder or hub id; 'sample' is the packaged release, 'original' the predecessor.")
]
Revision = Annotated[
    str | None, typer.Option(show_default=False, help="Commit, tag or branch on the hub; of a folder, its version.")
]
DataDir = Annotated[Path | None, typer.Option(show_default=False, help="Folder with the files of 'original'.")]


@app.command()
def build(
    documents: Annotated[Path, typer.Option(help="Folder of documents, or a JSONL file.")],
    layer: Annotated[Path, typer.Option(help="Folder of the gold layer.")],
    out: Annotated[Path, typer.Option(help="Folder of the release.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset (default: that of the folder).")] = None,
    version: Annotated[str, typer.Option(help="Version of the release.")] = __version__,
    annotator: Annotated[
        list[Path] | None, typer.Option(show_default=False, help="Layer of one annotator to ship; may be repeated.")
    ] = None,
    release: Annotated[
        str, typer.Option(help="full: redistributable texts only; urls-only: the others without text; private: all.")
    ] = "full",
    blocklist: Annotated[
        Path | None, typer.Option(show_default=False, help="File with ids of documents to leave out.")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(show_default=False, help="Earlier release, whose documents keep their splits.")
    ] = None,
    card: Annotated[Path | None, typer.Option(show_default=False, help="Markdown file with the card's prose.")] = None,
    limit: Limit = None,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Build README.md, croissant.json, figures/ and data/<config>/<split>-*.parquet."""
    with needs_extra("build"):
        from .build import BuildSettings, build_dataset

        settings = BuildSettings(
            name=name,
            version=version,
            annotators=tuple(annotator or ()),
            release=release,
            blocklist=blocklist,
            previous=previous,
            prose=card,
            seed=seed,
            limit=limit,
        )
        summary = build_dataset(documents, layer, out, settings)
    kept = ", ".join(f"{split} {count}" for split, count in summary.splits.items())
    typer.echo(f"{summary.documents} documents = {kept} + rejected {len(summary.rejected)} -> {out}")
    typer.echo(f"without text: {summary.withheld}; masked: {_counts(summary.masked)}")
    if summary.previous:
        typer.echo(f"splits kept from {summary.previous}")
    if summary.unmet:
        typer.echo(f"{len(summary.unmet)} ids of the blocklist met no document, first {summary.unmet[0]!r}")
    for reason, count in sorted(Counter(item.reason for item in summary.rejected).items()):
        first = next(item for item in summary.rejected if item.reason == reason)
        typer.echo(f"rejected {reason}: {count}, first {first.id} ({first.detail})")


@app.command()
def show(
    dataset: Source = "sample",
    revision: Revision = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Load DATASET and print its splits and the first document of each."""
    from .load import load_dataset

    for split, rows in load_dataset(dataset, revision=revision, data_dir=data_dir).items():
        typer.echo(f"{split}: {rows.num_rows} documents, columns {', '.join(rows.column_names)}")
        for row in rows.select(range(min(1, rows.num_rows))):
            text = row["text"] or ""
            spans = [f"{text[s['start'] : s['end']]!r} {s['label']}" for s in row["spans"][:3]]
            typer.echo(f"  {row['id']} {row['title']!r}: {len(row['tokens'])} tokens, {len(row['spans'])} spans")
            typer.echo(f"  first spans: {', '.join(spans) or 'none'}")


@app.command()
def check(
    dataset: Release = "sample",
    out: Annotated[Path | None, typer.Option(show_default=False, help="JSON file for all findings.")] = None,
    warnings: Annotated[int, typer.Option(min=0, help="Print at most this many warnings.")] = 20,
    config: Config = None,
) -> None:
    """Check a release: files, offsets, labels, duplicates, leakage, card. Errors end with exit code 1."""
    with needs_extra("build"):
        from .check import check_release

        findings = check_release(dataset)
    if out:
        from dataclasses import asdict

        from gonerd.files import write_json

        write_json(out, [asdict(finding) for finding in findings])
    errors = [finding for finding in findings if finding.severity == "error"]
    notes = [finding for finding in findings if finding.severity != "error"]
    for finding in [*errors, *notes[:warnings]]:
        typer.echo(f"{finding.severity} {finding.check}: {finding.where}: {finding.message}")
    if len(notes) > warnings:
        typer.echo(f"... and {len(notes) - warnings} more warnings; --warnings or --out shows them")
    typer.echo(f"{len(errors)} errors, {len(notes)} warnings in {dataset}")
    if errors:
        raise GonerdError(
            f"{dataset}: {len(errors)} errors, the first {errors[0].check} at {errors[0].where}; see above"
        )


@app.command()
def rehydrate(
    dataset: Annotated[Path, typer.Argument(help="Folder of an urls-only release.")],
    out: Annotated[Path, typer.Option(help="Folder of the completed release; it is private.")],
    documents: Annotated[
        Path | None, typer.Option(show_default=False, help="Documents that `gonerd crawl extract` made.")
    ] = None,
    warc: Annotated[Path | None, typer.Option(show_default=False, help="WARC file, or folder of them.")] = None,
    web: Annotated[bool, typer.Option("--web", help="Fetch the addresses, as `gonerd crawl run` would.")] = False,
    crawl: Annotated[
        Path | None, typer.Option(show_default=False, help="With --web: folder that keeps what was fetched.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(show_default=False, help="With --web: address named to servers.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(show_default=False, help="With --web: private host that may be asked.")
    ] = None,
    blocklist: Annotated[
        Path | None, typer.Option(show_default=False, help="File with ids of documents whose text stays out.")
    ] = None,
    config: Config = None,
) -> None:
    """Fill in the texts that an urls-only release leaves out, and verify the hash of each."""
    with needs_extra("build"):
        from .rehydrate import rehydrate as complete
        from .texts import texts_from

        found = texts_from(
            dataset,
            documents=documents,
            warc=warc,
            web=(crawl or out.with_name(f"{out.name}.crawl")) if web else None,
            contact=contact,
            allow_hosts=tuple(allow_host or ()),
        )
        summary = complete(dataset, out, found, blocklist)
    typer.echo(
        f"{summary.withheld} texts were left out = {summary.filled} filled in + {_counts(summary.missing)} -> {out}"
    )


@app.command()
def export(
    dataset: Source,
    out: Annotated[Path, typer.Option(help="Folder for one file a split.")],
    format: Annotated[str, typer.Option(help="jsonl, conll, docbin or a format of an annotation tool.")] = "jsonl",
    revision: Revision = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write DATASET for other tools."""
    from .export import export_dataset

    with needs_extra("annotation"):
        counts = export_dataset(dataset, out, format, revision=revision, data_dir=data_dir)
    typer.echo(f"exported {_counts(counts)} -> {out}")


@app.command()
def publish(
    repo: Annotated[str, typer.Argument(help="Hub repository, OWNER/NAME.")],
    dataset: Annotated[str, typer.Option(help="Folder of a release; 'sample' is the packaged one.")] = "sample",
    tag: Annotated[
        str | None, typer.Option(show_default=False, help="Tag to set: v and the release's version.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make the repository private.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, write nothing.")] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead of a commit.")] = False,
    endpoint: Annotated[str | None, typer.Option(show_default=False, help="Address of the hub.")] = None,
    message: Annotated[str | None, typer.Option(show_default=False, help="Commit message.")] = None,
    config: Config = None,
) -> None:
    """Upload a release to the Hugging Face hub. The token is taken from `hf auth login` or HF_TOKEN."""
    from .names import folder_of
    from .publish import publish as upload

    folder = folder_of(dataset)
    if folder is None:
        raise GonerdError(f"{dataset}: no such folder; build a release first")
    plan = upload(
        folder, repo, tag=tag, private=private, dry_run=dry_run, endpoint=endpoint, create_pr=create_pr, message=message
    )
    for line in plan.lines():
        typer.echo(line)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing"
