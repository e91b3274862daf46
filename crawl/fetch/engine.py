"""The crawling engine, set up to be polite, honest and bounded."""

from __future__ import annotations

from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from gonerd.errors import GonerdError

from .job import Job
from .resolver import GuardedResolver
from .robots_rules import REDIRECTS
from .spider import PageSpider

LOG = "crawl.log"
_PRIVATE_DELAY = 0.0
_HOSTS_AT_A_TIME = 64
# Without any delay the engine may take two requests from a host's queue before it counts the first as begun,
# which would open a second connection and change the order.
_SHORTEST_DELAY = 0.001
_LONGEST_DELAY = 60.0  # of a host that is slow; Scrapy's own bound, which may lie below what a source asks for


class Interrupted(GonerdError):
    """The user stopped the crawl."""

    exit_code = 130


def _engine_settings(job: Job) -> dict[str, Any]:
    given = job.settings
    shortest = _SHORTEST_DELAY if given.concurrency == 1 else 0.0
    public, private = (
        max(shortest, usual if given.delay is None else given.delay) for usual in (given.usual_delay(), _PRIVATE_DELAY)
    )
    inside = {"concurrency": given.concurrency, "jitter": 0, "delay": private}
    here = __package__
    return {
        "USER_AGENT": job.user_agent,
        # Only encodings that any WARC reader can undo.
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Encoding": "gzip, deflate",
        },
        "DOWNLOADER_MIDDLEWARES": {
            f"{here}.guard.HostGuard": 10,
            f"{here}.robots.RobotsRules": 100,
            f"{here}.patience.Patience": 560,
            f"{here}.guard.UnpackGuard": 595,
            f"{here}.capture.Capture": 1000,
        },
        "SCHEDULER": f"{here}.scheduler.FrontierScheduler",
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the store knows what was listed
        "TWISTED_DNS_RESOLVER": GuardedResolver,
        # A proxy resolves names itself, past the guard; other schemes reach files of this machine.
        "HTTPPROXY_ENABLED": False,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "ftp", "s3")),
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        # For files of rules; `HostGuard` binds pages and listings to what was asked for.
        "REDIRECT_MAX_TIMES": max(REDIRECTS, given.max_redirects),
        "RETRY_TIMES": given.retries,
        "RETRY_HTTP_CODES": [408, 500, 502, 504, 522, 524],  # 429 and 503 are for `Patience`
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",  # the account of the crawl says it, with the reason
        "DOWNLOAD_VERIFY_CERTIFICATES": given.verify_tls,
        "DOWNLOAD_TIMEOUT": given.timeout,
        "DOWNLOAD_MAXSIZE": given.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_DELAY": public,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_SLOTS": {host: dict(inside) for host in job.policy.allowed if job.policy.is_private(host)},
        "CONCURRENT_ITEMS": 1,
        "CONCURRENT_REQUESTS": max(_HOSTS_AT_A_TIME, given.concurrency),
        "CONCURRENT_REQUESTS_PER_DOMAIN": given.concurrency,
        "AUTOTHROTTLE_ENABLED": given.autothrottle,
        "AUTOTHROTTLE_START_DELAY": public,
        "AUTOTHROTTLE_MAX_DELAY": max(_LONGEST_DELAY, public),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(given.concurrency),
        "LOG_FILE": str(given.out / LOG),
        "LOG_LEVEL": "WARNING",
    }


def run_engine(job: Job) -> None:
    """Runs a crawl to its end, in this process.

    Args:
        job: The crawl; its frontier then holds an ending for every listed page that was asked for.

    Raises:
        Interrupted: The user did not wait for the requests under way.
    """
    process: Any = AsyncCrawlerProcess(_engine_settings(job))
    process.host_policy = job.policy  # the resolver is built from the process, before there is a spider
    task = process.crawl(PageSpider, job=job)
    process.start()
    if not task.done() or task.cancelled():
        raise interrupted(job)
    task.result()


def interrupted(job: Job) -> Interrupted:
    """Returns what to raise when a crawl stopped before its end."""
    return Interrupted(f"{job.settings.out}: interrupted; run the same command again to continue")
