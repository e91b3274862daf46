"""The health of the known sources: one polite series of requests each, and a dated table of what came of it.

Sources change without notice, and nothing about them can be tested without the network. Whoever has one runs
`gonerd crawl doctor` and sees which sources still list pages, serve them, and state their licence where they did.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.files import read_json, write_json, write_text
from gonerd.progress import track

from .extraction.sieve import sift
from .extraction.unfit import Unfit
from .fetch.report import SUMMARY
from .fetch.seeds import token_of
from .fetch.settings import PUBLIC_DELAY, CrawlSettings
from .health import Health, table
from .hosts import HostPolicy, host_of
from .sources import SOURCES, Source
from .warc.pages import Share, read_pages

HEALTH = "health"
_LISTINGS = 4  # an index, and some of what it names: more would be a crawl


def check_sources(
    names: Iterable[str], out: Path, contact: str | None, allow_hosts: tuple[str, ...] = ()
) -> list[Health]:
    """Asks sources for a listing, a page and the page that proves the licence, one source after the other.

    Args:
        names: Names of sources; all when there are none.
        out: Folder for `health-DATE.md` and `health-DATE.json`, and for what was fetched, in a folder per source and
            moment.
        contact: Mail address named to servers; needed for public hosts.
        allow_hosts: Hosts on private addresses that may be asked.

    Returns:
        The health of each source, in the order of the names.

    Raises:
        UsageError: A name is unknown, the contact is no mail address, or it is missing and a source is public.
    """
    sources = [SOURCES.get(name) for name in (list(names) or SOURCES.names())]
    CrawlSettings(out=out, contact=contact)
    _check_contact(sources, HostPolicy(allow_hosts, contact=contact is not None))
    found = [check_source(source, out / source.name, contact, allow_hosts) for source in track(sources, "doctor")]
    day = datetime.now(UTC).date().isoformat()
    write_json(out / f"{HEALTH}-{day}.json", [one.model_dump() for one in found])
    write_text(out / f"{HEALTH}-{day}.md", table(found, day))
    return found


def _check_contact(sources: list[Source], policy: HostPolicy) -> None:
    for url in (one.url for source in sources for one in source.discovery):
        if (policy.refusal(host_of(url)) or ("",))[0] == "no-contact":
            raise UsageError(
                f"{url} lies on a public host, so the crawler must say whom to write to; add --contact MAIL"
            )


def check_source(source: Source, folder: Path, contact: str | None, allow_hosts: tuple[str, ...]) -> Health:
    """Asks one source; what it answers stays as WARC in a new folder below `folder`, named after the moment."""
    now = datetime.now(UTC)
    health = Health(source=source.name, checked=now.isoformat(timespec="seconds"))
    try:
        token_of(source)
        _check(health, source, folder / now.strftime("%Y%m%dT%H%M%S.%fZ"), contact, allow_hosts)
    except GonerdError as error:  # the others are still to be asked
        health.problem = str(error)
    return health


def _check(health: Health, source: Source, folder: Path, contact: str | None, allow_hosts: tuple[str, ...]) -> None:
    common: dict[str, Any] = {"contact": contact, "allow_hosts": allow_hosts, "refresh": "all", "retries": 1}
    bounds: dict[str, Any] = {"limit": 1, "max_listings": _LISTINGS}
    problem = _crawl(source, CrawlSettings(sources=(source.name,), out=folder / "pages", **bounds, **common))
    _look_at_pages(health, folder / "pages", problem)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "licence.txt", f"{source.licence.evidence}\n")
    seed = str(folder / "licence.txt")
    inside = HostPolicy(allow_hosts).is_private(host_of(source.licence.evidence))
    delay = None if inside else max(PUBLIC_DELAY, source.delay)
    problem = _crawl(source, CrawlSettings(kind="urls", seed=seed, out=folder / "licence", delay=delay, **common))
    health.licence_page = _reasons(folder / "licence") or problem or "ok"
    if not health.problem and health.licence_page != "ok":
        health.problem = f"the page that proves the licence: {health.licence_page}"


def _look_at_pages(health: Health, folder: Path, problem: str) -> None:
    """Notes what the crawl of a source brought; whatever went wrong with it is a problem."""
    health.problem = problem
    health.listing, health.page = "ok", _reasons(folder) or "ok"
    with suppress(GonerdError):
        summary = read_json(folder / SUMMARY, "")
        health.listed = summary["listed"]
        failed = [f"{one['url']}: {one['reason']} {one['detail']}".strip() for one in summary["failed_listings"]]
        if not summary["listed"]:
            health.listing, health.page = "; ".join(failed) or "it names no page", "not asked for"
    if not health.listed:
        health.problem = problem or health.listing
        return
    unfit = problem or "no page could be fetched"
    for path in sorted(folder.glob("*.warc.gz"), reverse=True):
        for answer in read_pages(Share(str(path)), Counter()):
            try:
                document = sift(answer).document
            except Unfit as why:
                unfit = f"the page becomes no document: {why.reason} {why.detail}".strip()
                continue
            health.url, health.text = answer.url, len(document.text)
            health.title = document.title or ""
            health.published = document.published.isoformat() if document.published else ""
            return
    health.problem = unfit


def _reasons(folder: Path) -> str:
    """Returns why nothing was fetched into a folder; empty where something was."""
    with suppress(GonerdError):
        summary = read_json(folder / SUMMARY, "")
        if not summary["fetched"] + summary["already"]:
            return ", ".join(f"{reason}: {count}" for reason, count in summary["skipped"].items())
    return ""


def _crawl(source: Source, settings: CrawlSettings) -> str:
    """Runs a crawl in a process of its own, as each must; returns what went wrong."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_crawl_here, args=(source, settings, sending))
    process.start()
    sending.close()
    process.join()
    with receiving, suppress(EOFError):
        return str(receiving.recv())
    return f"the crawl ended with exit code {process.exitcode}"


def _crawl_here(source: Source, settings: CrawlSettings, sending: Any) -> None:
    from .fetch.run import run_crawl

    if source.name not in SOURCES.names():
        SOURCES.register(source.name)(source)
    try:
        run_crawl(settings)
        sending.send("")
    except GonerdError as error:
        sending.send(str(error))
