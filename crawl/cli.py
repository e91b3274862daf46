"""`gonerd crawl`: sites to WARC, WARC to documents, and a demo site to try both on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import (
    Config,
    DryRun,
    Executor,
    Limit,
    SlurmAccount,
    SlurmMemory,
    SlurmPartition,
    SlurmQos,
    SlurmTime,
    Workers,
    command_group,
)

app = command_group("Crawl sites and feeds to WARC files, and extract documents from them.")


@app.command()
def run(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Known sources; see `gonerd crawl sources`.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the WARC files; the same folder continues a crawl.")],
    sitemap: Annotated[str | None, typer.Option(help="Address of a sitemap or sitemap index.")] = None,
    feed: Annotated[str | None, typer.Option(help="Address of an RSS or Atom feed.")] = None,
    urls: Annotated[Path | None, typer.Option(help="Text file with one page address per line.")] = None,
    seed: Annotated[str | None, typer.Option(metavar="KIND=ADDRESS", help="Seed of another registered kind.")] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="MAIL", help="Mail address for the user agent; needed for public hosts.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Host that may be asked although it is private or offsite; may be repeated."),
    ] = None,
    domain: Annotated[str, typer.Option(help="Domain of the documents: news, legal or other.")] = "other",
    source: Annotated[
        str | None, typer.Option(help="Short name of the publisher (default: the host of each page).")
    ] = None,
    limit: Limit = None,
    delay: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds between requests to a host (default: 1, private hosts 0)."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests to a host at a time; more than 1 is noted as an override.")
    ] = 1,
    refresh: Annotated[
        str, typer.Option(help="Stored pages to ask for again: changed (as the listing says), all or none.")
    ] = "changed",
    named: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting of the crawl, e.g. timeout=20."),
    ] = None,
    config: Config = None,
) -> None:
    """Fetch the pages of known sources, or those that a sitemap, a feed or a file lists.

    Run the same command again after a crash: it goes on where it stopped. After an end it fetches what is new.
    """
    kind, address = _seed({"sitemap": sitemap, "feed": feed, "urls": str(urls) if urls else None}, seed, sources or [])
    with needs_extra("crawl"):
        from .fetch.run import run_crawl
        from .fetch.settings import crawl_settings
    given = {"kind": kind, "seed": address, "sources": tuple(sources or ()), "out": out, "contact": contact}
    given |= {"allow_hosts": tuple(allow_host or ()), "domain": domain, "source": source, "limit": limit}
    given |= {"delay": delay, "concurrency": concurrency, "refresh": refresh}
    done = run_crawl(crawl_settings(given, named or []))
    skipped = ", ".join(f"{reason}: {n}" for reason, n in done.skipped.items())
    typer.echo(
        f"{done.listed} listed = {done.fetched} fetched + {done.already} already there + "
        f"{sum(done.skipped.values())} skipped{f' ({skipped})' if skipped else ''} -> {out}"
    )
    for failed in done.failed_listings:
        typer.echo(f"listing not read: {failed.url}: {failed.reason} {failed.detail}".rstrip(), err=True)


def _seed(short: dict[str, str | None], long: str | None, sources: list[str]) -> tuple[str, str]:
    given = [(kind, address) for kind, address in short.items() if address]
    if long:
        kind, separator, address = long.partition("=")
        if not separator or not address:
            raise UsageError(f"--seed {long!r}: expected KIND=ADDRESS, for instance sitemap=https://example.org/s.xml")
        given.append((kind, address))
    if len(given) + bool(sources) != 1:
        raise UsageError("give names of sources, or exactly one of --sitemap, --feed, --urls and --seed")
    return given[0] if given else ("", "")


_STEPS = tuple(f"gonerd.crawl.scale.{name}" for name in ("extract", "join", "settle", "write", "finish"))


@app.command()
def extract(
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents; replaced as a whole.")],
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[DIR]...", help="Folders of WARC files, or WARC files.")
    ] = None,
    warc: Annotated[
        list[str] | None,
        typer.Option(
            help="The same by path or address (https, s3), or a list of paths such as Common Crawl's warc.paths.gz; "
            "may be repeated."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="What relative paths in a list are appended to (default: https://data.commoncrawl.org/)."),
    ] = None,
    domain: Annotated[str, typer.Option(help="Domain of pages whose WARC file states none.")] = "other",
    source: Annotated[
        str | None, typer.Option(help="Publisher of pages whose WARC file states none (default: the host of each).")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Take only pages of this host and those below it; may be repeated.")
    ] = None,
    hosts: Annotated[Path | None, typer.Option(help="File with one such host per line.")] = None,
    known_sources: Annotated[
        bool, typer.Option("--known-sources", help="Take only pages of publishers that the crawler knows.")
    ] = False,
    ignore_opt_out: Annotated[
        bool, typer.Option("--ignore-opt-out", help="Take pages that reserve their use, too; noted in the output.")
    ] = False,
    near: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity from which a text is a near-duplicate; 0 keeps them.")
    ] = 0.8,
    limit: Limit = None,
    keep_complete: Annotated[
        bool, typer.Option("--keep-complete", help="Take the complete records of damaged WARC files.")
    ] = False,
    executor: Executor = "local",
    tasks: Annotated[
        int | None, typer.Option(min=1, help="Tasks, each marked when done (default: one for each share of the input).")
    ] = None,
    workers: Workers = 1,
    no_split: Annotated[bool, typer.Option("--no-split", help="Read every file in one task.")] = False,
    slurm_partition: SlurmPartition = "",
    slurm_time: SlurmTime = "24:00:00",
    slurm_memory: SlurmMemory = 4,
    slurm_account: SlurmAccount = "",
    slurm_qos: SlurmQos = "",
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Turn the pages of WARC files into documents, without duplicates.

    Run the same command again after a crash: it goes on where it stopped.
    """
    with needs_extra("crawl"):
        from gonerd.scale.ahead import begin_importing
        from gonerd.scale.stages import SlurmOptions

        begin_importing(_STEPS, executor, workers)
        from .extraction.run import Where
        from .extraction.run import extract as run_extract
        from .scale.choice import named_hosts
        from .scale.plan import ExtractSettings
        from .warc.inputs import COMMON_CRAWL
    sources = [*(folders or ()), *(warc or ())]
    if not sources:
        raise UsageError("name a folder of WARC files, or files with --warc")
    done = run_extract(
        sources,
        out,
        settings=ExtractSettings(
            domain=domain,
            source=source,
            hosts=named_hosts(host, hosts),
            known_sources=known_sources,
            obey_opt_out=not ignore_opt_out,
            near=near or None,
        ),
        limit=limit,
        keep_complete=keep_complete,
        where=Where(
            executor=executor,
            tasks=tasks,
            workers=workers,
            slurm=SlurmOptions(slurm_partition, slurm_time, slurm_memory, slurm_qos, slurm_account),
            dry_run=dry_run,
            split=not no_split,
        ),
        base=base or COMMON_CRAWL,
        tell=lambda sentence: typer.echo(sentence, err=True),
    )
    if done is None:
        return
    for damage in done.damaged:
        typer.echo(f"damaged: {damage.file} at byte {damage.offset}, {damage.complete_records} records taken", err=True)
    rejected = ", ".join(f"{reason}: {n}" for reason, n in done.rejected.items())
    typer.echo(
        f"{done.pages} pages = {done.kept} documents + {sum(done.rejected.values())} rejected"
        f"{f' ({rejected})' if rejected else ''} -> {out}"
    )


@app.command()
def sources(
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, with notes.")] = False,
) -> None:
    """List the publishers that the crawler knows, with listings, licence and what a release may hold."""
    with needs_extra("crawl"):
        from .sources.cli import sources_table
    typer.echo(sources_table(markdown))


@app.command()
def doctor(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Sources to check (default: all).")
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the health table and for what was fetched.")],
    contact: Annotated[str | None, typer.Option(metavar="MAIL", help="Mail address for the user agent.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="Private host that may be asked.")] = None,
    config: Config = None,
) -> None:
    """Ask each known source for a listing, a page and its licence, and write a dated health table."""
    with needs_extra("crawl"):
        from .doctor import check_sources
        from .health import table
    found = check_sources(names or (), out, contact, tuple(allow_host or ()))
    typer.echo(table(found, found[0].checked[:10] if found else ""), nl=False)
    ill = [one.source for one in found if one.problem]
    typer.echo(f"{len(found)} sources = {len(found) - len(ill)} healthy + {len(ill)} ill -> {out}")
    if ill:
        raise typer.Exit(1)


@app.command()
def site(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the embedded demo site until interrupted."""
    with needs_extra("crawl"):
        from .site import serve_forever
    serve_forever(host, port, ready=lambda base: typer.echo(f"serving {base}"))
