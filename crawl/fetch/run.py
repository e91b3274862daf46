"""Running a crawl: checks at the door, and the summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata

from scrapy.utils.reactor import is_reactor_installed

from gonerd import __version__
from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.listings import LISTINGS
from gonerd.crawl.warc.heal import heal
from gonerd.crawl.warc.write import WarcStore
from gonerd.errors import GonerdError, UsageError
from gonerd.files import only_writer, write_json

from .engine import run_engine
from .job import Job
from .ledger import Ledger
from .robots import AGENT
from .seen import SeenPages
from .settings import CrawlSettings, CrawlSummary

SUMMARY, SKIPPED = "crawl.json", "skipped.jsonl"


class Interrupted(GonerdError):
    """The user stopped the crawl."""

    exit_code = 130


def run_crawl(settings: CrawlSettings) -> CrawlSummary:
    """Fetches every page that a seed lists and that is not stored yet, into WARC files.

    The same call continues after a kill. Twisted's reactor runs once, so a process can run one crawl.

    Args:
        settings: What to crawl, and where to.

    Returns:
        The counts, which also stand in `crawl.json`; skipped pages stand in `skipped.jsonl`.

    Raises:
        UsageError: The seed is unusable, lies in a private network that was not allowed, or needs a contact.
        GonerdError: Nothing could be fetched, the folder is in use, or this process has crawled before.
        Interrupted: The crawl was interrupted; what was fetched is stored.
    """
    policy = _checked_policy(settings)
    if is_reactor_installed():
        raise GonerdError("a process can run only one crawl; start the next one in a new process")
    user_agent = f"{AGENT}/{__version__}" + (f" (+{settings.contact})" if settings.contact else "")
    with only_writer(settings.out), _progress() as watch:
        heal(settings.out)
        job = Job(
            settings=settings,
            source=LISTINGS.get(settings.kind),
            policy=policy,
            store=WarcStore(settings.out, _warc_info(settings, user_agent), settings.warc_bytes),
            seen=SeenPages(settings.out),
            ledger=Ledger(watch),
            user_agent=user_agent,
        )
        try:
            run_engine(job)
        finally:
            job.store.close()
        summary = _report(job)
    if job.finish_reason == "shutdown":
        raise Interrupted(f"{settings.out}: interrupted; run the same command again to continue")
    if job.storage_error is not None:
        raise GonerdError(
            f"{settings.out}: cannot store what was fetched ({job.storage_error}); make room, then run again"
        )
    _check_yield(summary, settings)
    return summary


def _checked_policy(settings: CrawlSettings) -> HostPolicy:
    """Refuses seeds at the door that would only fail later."""
    start = LISTINGS.get(settings.kind).start(settings.seed)
    seeds = [entry.url for entry in (*start.listings, *start.pages)]
    policy = HostPolicy(settings.allow_hosts, contact=settings.contact is not None)
    for url in seeds:
        if problem := url_problem(url):
            raise UsageError(f"--{settings.kind} {url!r} cannot be fetched, {problem}; give an http(s) address")
        refusal = policy.refusal(host_of(url))
        if refusal and refusal[0] == "no-contact":
            raise UsageError(
                f"{url} lies on a public host, so the crawler must say whom to write to; add --contact MAIL"
            )
        if refusal:
            raise UsageError(f"{url}: {refusal[1]}")
    return policy


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("scrapy", "twisted", "warcio", "protego")} | {
        "gonerd": __version__
    }


def _warc_info(settings: CrawlSettings, user_agent: str) -> dict[str, str]:
    return {
        "software": " ".join(f"{name}/{version}" for name, version in _versions().items()),
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": settings.contact or "",
        "http-header-user-agent": user_agent,
        "robots": "obeyed after RFC 9309; an unreachable robots.txt forbids everything",
        "domain": settings.domain,
        "source": settings.source or "",
        "settings": settings.model_dump_json(exclude={"out"}),
    }


def _report(job: Job) -> CrawlSummary:
    out = job.settings.out
    summary = job.ledger.summary(job.store.bytes, sorted(path.name for path in out.glob("*.warc.gz")))
    job.ledger.write_skipped(out / SKIPPED)
    settings = job.settings.model_dump(mode="json")
    write_json(out / SUMMARY, {**summary.model_dump(), "settings": settings, "versions": _versions()})
    return summary


def _check_yield(summary: CrawlSummary, settings: CrawlSettings) -> None:
    if summary.fetched + summary.already:
        return
    if summary.listed:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in summary.skipped.items())
        raise GonerdError(
            f"{settings.seed}: none of the {summary.listed} listed pages could be fetched ({reasons}); "
            f"see {settings.out / SKIPPED} for each, then run the same command again"
        )
    failed = "; ".join(f"{one.url}: {one.reason} {one.detail}".strip() for one in summary.failed_listings)
    raise GonerdError(f"{settings.seed}: it lists no pages ({failed or 'it is empty'}); check the address")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("crawl"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("crawl", total=None)
        yield lambda settled, listed: bar.update(task, completed=settled, total=listed)
