"""`gonerd crawl run`: sites and feeds to WARC files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import UsageError, needs_extra
from gonerd.options import Config, Limit


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
