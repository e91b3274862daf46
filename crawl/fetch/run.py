"""Running a crawl: checks at the door, recovery, and the summary at the end."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata

from scrapy.utils.reactor import is_reactor_installed

from gonerd import __version__
from gonerd.crawl.hosts import HostPolicy
from gonerd.crawl.robots_file import PRODUCT
from gonerd.crawl.warc.write import WarcStore
from gonerd.errors import GonerdError
from gonerd.files import only_writer

from .engine import Interrupted, interrupted, run_engine
from .frontier import Frontier
from .job import Job
from .recover import recover
from .report import SKIPPED, write_report
from .rounds import begin_round, end_round
from .seeds import Start, check_seeds, seed_name, starts_of
from .settings import CrawlSettings
from .store import Store
from .summary import CrawlSummary

__all__ = ["Interrupted", "run_crawl", "versions"]
_FINISHED, _STORAGE = "finished", "storage"


def run_crawl(settings: CrawlSettings) -> CrawlSummary:
    """Fetches every page that a seed lists and that is not stored yet, into WARC files.

    The same call continues after a kill; after an end it fetches what is new. Twisted's reactor runs once, so a process
    can run one crawl.

    Args:
        settings: What to crawl, and where to.

    Returns:
        The counts, which also stand in `crawl.json`; skipped pages stand in `skipped.jsonl`.

    Raises:
        UsageError: The seed is unusable, lies in a private network that was not allowed, or needs a contact.
        GonerdError: Nothing could be fetched, the folder is in use, or this process has crawled before.
        Interrupted: The crawl was interrupted; what was fetched is stored.
    """
    starts = starts_of(settings)
    policy = check_seeds(settings, starts)
    if is_reactor_installed():
        raise GonerdError("a process can run only one crawl; start the next one in a new process")
    try:
        job, summary = _run(settings, starts, policy)
    except sqlite3.OperationalError as error:
        _explain(settings, error)
        raise
    if job.storage_error is not None:
        _explain(settings, job.storage_error)
        raise job.storage_error
    if job.finish_reason not in (_FINISHED, _STORAGE):
        raise interrupted(job)
    _check_yield(summary, settings)
    return summary


def _explain(settings: CrawlSettings, error: Exception) -> None:
    """Raises an error that says what to do where the user can mend it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the higher bits say more than is needed
    if code == sqlite3.SQLITE_BUSY:
        raise GonerdError(f"{settings.out}: another process holds the store; end it, then run again") from error
    if isinstance(error, OSError) or code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        raise GonerdError(
            f"{settings.out}: cannot store what was fetched ({error}); make room, then run again"
        ) from error


def _run(settings: CrawlSettings, starts: list[Start], policy: HostPolicy) -> tuple[Job, CrawlSummary]:
    user_agent = f"{PRODUCT}/{__version__}" + (f" (+{settings.contact})" if settings.contact else "")
    with only_writer(settings.out), _open_store(settings) as store, _progress() as watch:
        recover(store, settings.out)
        current = begin_round(store, seed_name(settings), _bounds(settings))
        frontier = Frontier(store, settings, policy, current, watch)
        frontier.begin(starts)
        starts.clear()  # the frontier has them; a list of a million addresses need not stay
        warc = WarcStore(settings.out, _warc_info(settings, user_agent), settings.warc_bytes)
        job = Job(settings, policy, warc, store, frontier, user_agent)
        try:
            run_engine(job)
        finally:
            warc.close()
        if job.finish_reason == _FINISHED:
            end_round(store, current)
        return job, write_report(job, versions())


@contextmanager
def _open_store(settings: CrawlSettings) -> Iterator[Store]:
    store = Store(settings.out)
    try:
        yield store
    finally:
        store.close()


def _bounds(settings: CrawlSettings) -> str:
    names = {"limit", "max_depth", "max_listings", "max_pages_per_host", "allow_hosts", "domain", "source", "refresh"}
    return settings.model_dump_json(include=names)


def versions() -> dict[str, str]:
    """Returns the versions of what takes part in a crawl."""
    return {name: metadata.version(name) for name in ("scrapy", "twisted", "warcio", "isal", "protego")} | {
        "gonerd": __version__
    }


def _warc_info(settings: CrawlSettings, user_agent: str) -> dict[str, str]:
    overrides = ", ".join(f"{name}={value}" for name, value in settings.overrides().items())
    obeyed = "obeyed after RFC 9309; an unreachable robots.txt forbids everything"
    return {
        "software": " ".join(f"{name}/{version}" for name, version in versions().items()),
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": settings.contact or "",
        "http-header-user-agent": user_agent,
        "robots": obeyed if settings.obey_robots else "ignored",
        "overrides": overrides or "none",
        "domain": settings.domain,
        "source": settings.source or "",
        "settings": settings.model_dump_json(exclude={"out"}),
    }


def _check_yield(summary: CrawlSummary, settings: CrawlSettings) -> None:
    if summary.fetched + summary.already:
        return
    what = ", ".join(settings.sources) or settings.seed
    if summary.listed:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in summary.skipped.items())
        raise GonerdError(
            f"{what}: none of the {summary.listed} listed pages could be fetched ({reasons}); "
            f"see {settings.out / SKIPPED} for each, then run the same command again"
        )
    failed = "; ".join(f"{one.url}: {one.reason} {one.detail}".strip() for one in summary.failed_listings)
    raise GonerdError(f"{what}: it lists no pages ({failed or 'it is empty'}); check the address")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if not sys.stderr.isatty():
        yield lambda settled, listed: None
        return
    columns = (TextColumn("crawl"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("crawl", total=None)
        yield lambda settled, listed: bar.update(task, completed=settled, total=listed)
