"""`gonerd crawl`: sites to WARC, WARC to documents, and a demo site to try both on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.errors import needs_extra
from gonerd.options import Config, command_group

from .extract_cli import extract
from .run_cli import run

app = command_group("Crawl sites and feeds to WARC files, and extract documents from them.")
app.command()(run)
app.command()(extract)


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
