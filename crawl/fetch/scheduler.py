"""The scheduler: requests made from the frontier when a host is free, none held for later but what is under way.

Scrapy's own queues live in memory or in JOBDIR, which a kill can damage (scrapy#7978). Here the store is the queue: a
request that was under way when the crawl died is simply still open in it.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from typing import Any

from scrapy.core.scheduler import BaseScheduler
from scrapy.http import Request
from scrapy.utils.asyncio import call_later
from scrapy.utils.httpobj import urlparse_cached

from gonerd.crawl.hosts import host_of
from gonerd.crawl.warc.fields import LISTING

from .job import ROLE_KEY, ROW_KEY, JobComponent
from .outcomes import LIMIT, RETRY_LATER, is_lasting
from .requests import listing_request, page_request

_BATCH = 64
_ABROAD = 1000  # pages of a host that may wait for others, which they were redirected to, before more are taken


class _Host:
    """Requests that wait for one host."""

    def __init__(self) -> None:
        self.waiting: deque[Request] = deque()
        self.after = -1  # number of the last page taken from the store
        self.drained = False


class FrontierScheduler(JobComponent, BaseScheduler):
    """Hands out listings first, then pages, the hosts in turn and each no faster than it is free."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._hosts: dict[str, _Host] = {}
        self._turn: OrderedDict[str, None] = OrderedDict()  # hosts with something to ask for, the next one first
        self._paused: dict[str, float] = {}
        self._given_up: dict[str, str] = {}
        self._abroad: Counter[str] = Counter()
        self._last_listing = self._listings = 0
        self._begun = False
        self._stale = True

    def has_pending_requests(self) -> bool:
        """Whether anything is left to ask for, now or after a pause."""
        self._look()
        return bool(self._turn)

    def enqueue_request(self, request: Request) -> bool:
        """Takes back a request that goes on: redirected, or tried again."""
        name = urlparse_cached(request).hostname or ""
        self._host(name).waiting.appendleft(request)
        if first := _from_abroad(request, name):
            self._abroad[first] += 1
        return True

    def next_request(self) -> Request | None:
        """Returns a request to a host that is free, or None."""
        self._look()
        busy, now = self._busy(), time.monotonic()
        for name in list(self._turn):
            if self._hosts[name].drained and not self._hosts[name].waiting:
                del self._turn[name]  # also where it is paused: nothing is left that the pause would be waited for
                continue
            if busy[name] >= self.job.settings.concurrency or self._paused.get(name, 0.0) > now:
                continue
            self._turn.move_to_end(name)
            if request := self._take(name):
                return request
        return None

    def pause(self, host: str, seconds: float) -> None:
        """Asks nothing of a host for a while."""
        self._paused[host] = max(self._paused.get(host, 0.0), time.monotonic() + seconds)
        call_later(seconds + 0.01, self.crawler.engine._slot.nextcall.schedule)

    def listed_more(self) -> None:
        """Notes that the frontier has grown."""
        self._stale = True

    def give_up(self, host: str, detail: str = "") -> None:
        """Leaves the rest of a host for another run, what is listed later included."""
        self._given_up[host] = detail or f"{host} asks to be left alone for long"
        self._host(host)

    def _busy(self) -> Counter[str]:
        slot = self.crawler.engine._slot
        return Counter(urlparse_cached(request).hostname or "" for request in slot.inprogress)

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            self._hosts[name] = _Host()
        self._turn.setdefault(name)
        return self._hosts[name]

    def _look(self) -> None:
        """Takes new listings and the hosts of new pages from the store."""
        if not self._stale:
            return
        self._stale = False
        frontier = self.job.frontier
        query = "SELECT * FROM listings WHERE round = ? AND state = 'open' AND seq > ? ORDER BY seq"
        for row in frontier.store.rows(query, frontier.round.id, self._last_listing):
            self._last_listing = row["seq"]
            request = listing_request(row, self.crawler.spider, self.job.settings)
            self._host(host_of(row["url"])).waiting.append(request)
        new, frontier.intake.new_hosts = frontier.intake.new_hosts, set()
        if not self._begun:
            self._begun = True
            query = "SELECT DISTINCT host FROM entries WHERE round = ? AND state = 'open'"
            new = {row["host"] for row in frontier.store.rows(query, frontier.round.id)}
        for name in sorted(new):
            self._host(name).drained = False

    def _take(self, name: str) -> Request | None:
        host = self._hosts[name]
        while True:
            if not host.waiting and not host.drained:
                if self._abroad[name] >= _ABROAD:
                    return None  # where they are redirected to is slower than this host; they wait in the store
                self._fill(name, host)
            if not host.waiting:
                del self._turn[name]
                return None
            request = host.waiting.popleft()
            if first := _from_abroad(request, name):
                self._abroad[first] -= 1
            if not self._refused(name, request):
                return request

    def _fill(self, name: str, host: _Host) -> None:
        """Makes requests of the next open pages of a host."""
        frontier = self.job.frontier
        rows = frontier.open_pages(name, host.after, _BATCH)
        host.after = rows[-1]["seq"] if rows else host.after
        host.drained = len(rows) < _BATCH
        for row in rows:
            if is_lasting(row["reason"]) and not row["again"]:
                frontier.settle_stored(row)
            else:
                host.waiting.append(page_request(row, self.crawler.spider, self.job.settings))

    def _refused(self, name: str, request: Request) -> bool:
        """Settles a request that is not to be made after all."""
        frontier, row = self.job.frontier, request.meta[ROW_KEY]
        is_listing, begun = request.meta[ROLE_KEY] == LISTING, "redirect_urls" in request.meta
        if name in self._given_up:
            if is_listing:
                frontier.fail_listing(row["id"], RETRY_LATER, self._given_up[name])
            else:
                frontier.settle(row["key"], RETRY_LATER, self._given_up[name])
            return True
        if not is_listing or begun:
            return False
        if self._listings >= self.job.settings.max_listings or frontier.intake.full(row["source"]):
            frontier.fail_listing(row["id"], LIMIT, "enough listings are read, or enough pages listed")
            return True
        self._listings += 1
        return False


def _from_abroad(request: Request, host: str) -> str:
    """Returns the host whose page was redirected to another, `host`; empty where it was not."""
    first = host_of(next(iter(request.meta.get("redirect_urls", ())), ""))
    return first if first != host else ""
