"""robots.txt after RFC 9309: no rules where there is no file, no crawling where the server cannot say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from gonerd.crawl.hosts import host_of
from gonerd.crawl.warc.fields import ROBOTS

from .guard import JobMiddleware
from .job import ROLE_KEY, Skip

AGENT = "GONERD"
_PRIORITY = 10_000_000
# A site that wants more than this between two pages does not want to be crawled.
_LONGEST_DELAY = 300.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt allows.

    Attributes:
        parsed: Its rules, or None where it could not be read.
        problem: Why nothing may be fetched; empty where the rules decide.
        delay: Seconds between two requests that it asks for, 0 if it asks for none.
    """

    parsed: Protego | None
    problem: str = ""
    delay: float = 0.0

    def refusal(self, url: str) -> str | None:
        """Says why a URL may not be fetched, or None if it may."""
        if self.problem or self.parsed is None:
            return self.problem
        return None if self.parsed.can_fetch(url, AGENT) else f"robots.txt disallows {urlsplit(url).path or '/'}"


def read_rules(status: int, body: bytes) -> Rules:
    """Interprets the answer to a request for robots.txt.

    Args:
        status: HTTP status at the end of any redirects.
        body: Content.

    Returns:
        The rules: those of the file for 2xx, none for 4xx, and a ban for anything else.
    """
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Rules(Protego.parse(""))
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Rules(None, f"robots.txt answered {status}, so nothing may be fetched (RFC 9309)")
    parsed = Protego.parse(body.decode("utf-8", errors="replace").removeprefix("\ufeff"))
    rate = parsed.request_rate(AGENT)
    delay = max(parsed.crawl_delay(AGENT) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0)
    if delay > _LONGEST_DELAY:
        return Rules(None, f"robots.txt asks for {delay:.0f} seconds between two requests")
    return Rules(parsed, delay=delay)


class RobotsRules(JobMiddleware):
    """Asks every host for its robots.txt once, before anything else, and keeps to it."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._rules: dict[str, asyncio.Future[Rules]] = {}

    async def process_request(self, request: Request) -> None:
        """Refuses the request by raising, or slows the host down as its file asks."""
        if request.meta.get(ROLE_KEY) == ROBOTS:
            return
        parts = urlsplit(request.url)
        base = f"{parts.scheme}://{parts.netloc}"
        if base not in self._rules:
            self._rules[base] = asyncio.ensure_future(self._ask(base))
        rules = await asyncio.shield(self._rules[base])
        if private := self.job.policy.refusal(host_of(request.url)):
            raise Skip(*private)  # the host's name was resolved for robots.txt first, and leads inside
        if refusal := rules.refusal(request.url):
            raise Skip("robots", refusal)
        if rules.delay:
            self._slow_down(parts.hostname or "", rules.delay)
            request.meta["autothrottle_dont_adjust_delay"] = True

    async def _ask(self, base: str) -> Rules:
        request = Request(f"{base}/robots.txt", meta={ROLE_KEY: ROBOTS}, priority=_PRIORITY, callback=NO_CALLBACK)
        try:
            response: Response = await self.crawler.engine.download_async(request)
        except Exception as error:  # whatever went wrong, the rules are unknown, and unknown means no
            return Rules(None, f"robots.txt cannot be reached, so nothing may be fetched ({error or type(error)})")
        return read_rules(response.status, response.body)

    def _slow_down(self, host: str, delay: float) -> None:
        downloader = self.crawler.engine.downloader
        known = downloader.per_slot_settings.setdefault(host, {"concurrency": 1, "jitter": 0})
        known["delay"] = max(delay, known.get("delay", self.crawler.settings.getfloat("DOWNLOAD_DELAY")))
        if host in downloader.slots:
            downloader.slots[host].delay = known["delay"]
