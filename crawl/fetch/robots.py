"""robots.txt and the files beside it, asked for once a host and day, before anything else, and obeyed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from gonerd.crawl.hosts import host_of
from gonerd.crawl.optout import ROBOTS_TXT, SiteFile, SiteRules, site_files
from gonerd.crawl.warc.fields import REDIRECTS as WARC_REDIRECTS
from gonerd.crawl.warc.fields import ROBOTS

from .failures import reason_of
from .job import NOTES_KEY, ROLE_KEY, STORAGE_ERRORS, JobComponent, Skip
from .outcomes import OPT_OUT, is_lasting
from .outcomes import REDIRECTS as MOVED
from .robots_rules import REDIRECTS, Rules, expires_at, read_rules, unreachable

_PRIORITY = 10_000_000
_HOST_KEY, _RULES_KEY = "gonerd_host", "gonerd_rules"  # what binds the request for a file beside robots.txt
_SOON = 3600.0  # seconds after which a file beside robots.txt is asked for again that could not be had


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered when it was asked for a file of rules.

    Attributes:
        status: HTTP status at the end of any redirects; 0 where nothing came.
        body: Content.
        problem: Why nothing came.
        expires: When to ask again, in seconds since the epoch.
        kind: Its Content-Type.
        reason: Under which the pages of the host are counted where nothing came.
    """

    status: int
    body: bytes
    problem: str
    expires: float
    kind: str = ""
    reason: str = "robots"

    @property
    def file(self) -> SiteFile | None:
        """The file, if there is one."""
        return SiteFile(self.body, self.kind) if self.status == HTTPStatus.OK and not self.problem else None

    @property
    def is_passing(self) -> bool:
        """Whether it says nothing of the file, so that it is not kept."""
        busy = self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return bool(self.problem) or busy


class RobotsRules(JobComponent):
    """Asks every host for its rules before anything else, and keeps to them."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._known: dict[str, tuple[float, asyncio.Future[tuple[Rules, SiteRules]]]] = {}

    async def process_request(self, request: Request) -> None:
        """Refuses the request by raising, or slows the host down as its file asks."""
        if request.meta.get(ROLE_KEY) == ROBOTS:
            self._bind(request)
            return
        parts = urlsplit(request.url)
        rules, site = await self._rules(f"{parts.scheme}://{parts.netloc}")
        if private := self.job.policy.refusal(host_of(request.url)):
            raise Skip(*private)  # the host's name was resolved for robots.txt first, and leads inside
        given = self.job.settings
        if given.obey_robots and (refusal := rules.refusal(request.url)):
            raise Skip(rules.reason, refusal)
        if reserved := site.refusal(request.url):
            said = str(reserved)
            if given.obey_opt_out:
                raise Skip(OPT_OUT, said)
            request.meta[NOTES_KEY] = {"opt-out": f"{said} (overridden by obey_opt_out=false)"}
        if rules.delay and given.obey_robots:
            self._slow_down(parts.hostname or "", rules.delay)
            request.meta["autothrottle_dont_adjust_delay"] = True

    @staticmethod
    def _bind(request: Request) -> None:
        """Keeps a file beside robots.txt to its host and that host's rules, however it is redirected."""
        rules: Rules | None = request.meta.get(_RULES_KEY)
        if rules is None:
            return
        if host_of(request.url) != request.meta[_HOST_KEY]:
            raise Skip(MOVED, f"{request.url} lies on another host")
        if refusal := rules.refusal(request.url):
            raise Skip(MOVED, refusal)
        if rules.delay:
            request.meta["autothrottle_dont_adjust_delay"] = True

    async def _rules(self, base: str) -> tuple[Rules, SiteRules]:
        expires, task = self._known.get(base, (0.0, None))
        if task is None or (task.done() and time.time() >= expires):
            task = asyncio.ensure_future(self._read(base))
            self._known[base] = (float("inf"), task)
        return await asyncio.shield(task)

    async def _read(self, base: str) -> tuple[Rules, SiteRules]:
        answer = await self._ask(base, ROBOTS_TXT)
        if answer.problem:
            rules = unreachable(answer.problem, answer.reason)
        else:
            rules = read_rules(answer.status, answer.body, REDIRECTS if answer.status in WARC_REDIRECTS else 0)
        if rules.delay and self.job.settings.obey_robots:
            self._slow_down(urlsplit(base).hostname or "", rules.delay)
        found, expires = {ROBOTS_TXT: answer.file}, answer.expires
        for path in site_files():
            if not rules.refusal(base + path):
                beside = await self._ask(base, path, rules)
                found[path] = beside.file
                expires = min(expires, time.time() + _SOON) if beside.is_passing else expires
        self._known[base] = (expires, self._known[base][1])
        site = SiteRules.from_files(found)
        self._note(base, site.problems)
        return rules, site

    def _note(self, base: str, problems: tuple[str, ...]) -> None:
        """Keeps with the pages that a file of their site could not be read."""
        try:
            for problem in problems:
                self.job.warc.note(f"{base}/", {"opt-out-problem": problem}, {})
        except STORAGE_ERRORS as error:
            self.stop_storing(error)

    async def _ask(self, base: str, path: str, rules: Rules | None = None) -> Answer:
        now, store = time.time(), self.job.store
        known = store.row("SELECT * FROM rules WHERE base = ? AND path = ? AND expires > ?", base, path, now)
        if known is not None:
            return Answer(known["status"], known["body"], "", known["expires"], known["kind"])
        answer = await self._fetch(base + path, now, rules)
        if not answer.is_passing:
            store.insert(
                "rules",
                {"base": base, "path": path, "status": answer.status, "body": answer.body, "kind": answer.kind,
                 "fetched": now, "expires": answer.expires},
            )  # fmt: skip
        return answer

    async def _fetch(self, url: str, now: float, rules: Rules | None) -> Answer:
        meta = {ROLE_KEY: ROBOTS, _HOST_KEY: host_of(url), _RULES_KEY: rules}
        request = Request(url, meta=meta, priority=_PRIORITY, callback=NO_CALLBACK)
        try:
            response: Response = await self.crawler.engine.download_async(request)
        except IgnoreRequest as error:
            if "redirections" in str(error) or (isinstance(error, Skip) and error.reason == MOVED):
                return Answer(HTTPStatus.FOUND, b"", "", _expiry(now, {}))
            return Answer(0, b"", str(error), _expiry(now, {}))
        except Exception as error:  # whatever went wrong, the rules are unknown, and unknown means no
            reason, detail = reason_of(error)
            if is_lasting(reason):  # of the file; of the pages it says nothing
                return Answer(0, b"", f"{reason}: {detail}", _expiry(now, {}))
            return Answer(0, b"", detail, _expiry(now, {}), reason=reason)
        if response.status in WARC_REDIRECTS:  # else it would have been followed
            return Answer(0, b"", f"it answered {response.status} and leads nowhere", _expiry(now, {}))
        headers = {
            name.decode("latin-1").lower(): b",".join(all_).decode("latin-1") for name, all_ in response.headers.items()
        }
        kind = headers.get("content-type", "")
        return Answer(response.status, response.body, "", _expiry(now, headers), kind)

    def _slow_down(self, host: str, delay: float) -> None:
        downloader = self.crawler.engine.downloader
        known = downloader.per_slot_settings.setdefault(host, {"concurrency": 1, "jitter": 0})
        known["delay"] = max(delay, known.get("delay", self.crawler.settings.getfloat("DOWNLOAD_DELAY")))
        known["concurrency"] = 1
        if host in downloader.slots:
            downloader.slots[host].delay = known["delay"]
            downloader.slots[host].concurrency = 1


def _expiry(fetched: float, headers: dict[str, str]) -> float:
    return expires_at(datetime.fromtimestamp(fetched, UTC), headers).timestamp()
