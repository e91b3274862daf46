"""The scheduler: requests made from the frontier when a host is free, none held for later but what is under way.

Scrapy's own queues live in memory or in JOBDIR, which a kill can damage (scrapy#7978). Here the store is the queue: a
request that was under way when the crawl died is simply still open in it.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from typing import Any

from scrapy.core.scheduler import BaseScheduler
from scrapy.http import Request
from scrapy.utils.httpobj import urlparse_cached

from gonerd.crawl.hosts import host_of
from gonerd.crawl.sources import SOURCES
from gonerd.crawl.warc.fields import LISTING, PAGE

from .frontier import Row
from .job import ROLE_KEY, ROW_KEY, JobComponent
from .outcomes import LIMIT
from .seeds import token_of

_BATCH = 64


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
        self._turn: deque[str] = deque()
        self._paused: dict[str, float] = {}
        self._last_listing = self._listings = 0
        self._stale = True

    def has_pending_requests(self) -> bool:
        """Whether anything is left to ask for, now or after a pause."""
        self._look()
        return bool(self._turn)

    def enqueue_request(self, request: Request) -> bool:
        """Takes back a request that goes on: redirected, or tried again."""
        self._host(urlparse_cached(request).hostname or "").waiting.appendleft(request)
        return True

    def next_request(self) -> Request | None:
        """Returns a request to a host that is free, or None."""
        self._look()
        busy = self._busy()
        for _ in range(len(self._turn)):
            name = self._turn[0]
            self._turn.rotate(-1)
            if busy[name] >= self.job.settings.concurrency or self._paused.get(name, 0.0) > time.monotonic():
                continue
            if request := self._take(name):
                return request
        return None

    def pause(self, host: str, seconds: float) -> None:
        """Asks nothing of a host for a while."""
        self._paused[host] = max(self._paused.get(host, 0.0), time.monotonic() + seconds)

    def listed_more(self) -> None:
        """Notes that the frontier has grown."""
        self._stale = True

    def give_up(self, host: str) -> None:
        """Leaves the rest of a host for another run."""
        self._host(host).drained = True
        self._host(host).waiting.clear()

    def _busy(self) -> Counter[str]:
        slot = self.crawler.engine._slot
        return Counter(urlparse_cached(request).hostname or "" for request in slot.inprogress)

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            self._hosts[name] = _Host()
        if name not in self._turn:
            self._turn.append(name)
        return self._hosts[name]

    def _look(self) -> None:
        """Takes new listings and the hosts of new pages from the store."""
        if not self._stale:
            return
        self._stale = False
        store, current = self.job.store, self.job.frontier.round.id
        query = "SELECT * FROM listings WHERE round = ? AND state = 'open' AND seq > ? ORDER BY seq"
        for row in store.rows(query, current, self._last_listing):
            self._last_listing = row["seq"]
            self._host(host_of(row["url"])).waiting.append(self._listing(row))
        for row in store.rows("SELECT DISTINCT host FROM pages WHERE round = ? AND state = 'open'", current):
            self._host(row["host"]).drained = False

    def _take(self, name: str) -> Request | None:
        host = self._hosts[name]
        while host.waiting:
            request = host.waiting.popleft()
            row = request.meta[ROW_KEY]
            if request.meta[ROLE_KEY] != LISTING:
                return request
            enough = self._listings >= self.job.settings.max_listings
            if not enough and not self.job.frontier.full(row["source"]):
                self._listings += 1
                return request
            self.job.frontier.fail_listing(row["id"], LIMIT, "enough listings are read, or enough pages listed")
        if not host.drained:
            query = (
                "SELECT * FROM pages WHERE round = ? AND state = 'open' AND host = ? AND seq > ? ORDER BY seq LIMIT ?"
            )
            rows = self.job.store.rows(query, self.job.frontier.round.id, name, host.after, _BATCH)
            host.waiting.extend(self._page(row) for row in rows)
            host.after = rows[-1]["seq"] if rows else host.after
            host.drained = len(rows) < _BATCH
            if host.waiting:
                return host.waiting.popleft()
        self._turn.remove(name)
        return None

    def _listing(self, row: Row) -> Request:
        spider, headers = self.crawler.spider, _conditions(row)
        if row["source"] in self.job.settings.sources and (token := token_of(SOURCES.get(row["source"]))):
            headers[token[0]] = token[1]
        if json.loads(row["options"]):
            headers["Accept"] = "application/json, */*;q=0.8"
        meta = {ROLE_KEY: LISTING, ROW_KEY: row}
        return Request(row["url"], spider.read_listing, errback=spider.failed, meta=meta, headers=headers)

    def _page(self, row: Row) -> Request:
        spider, headers = self.crawler.spider, _conditions(row) if row["digest"] else {}
        if row["source"] in self.job.settings.sources and (token := token_of(SOURCES.get(row["source"]))):
            headers[token[0]] = token[1]
        meta = {ROLE_KEY: PAGE, ROW_KEY: row}
        return Request(row["url"], spider.read_page, errback=spider.failed, meta=meta, headers=headers)


def _conditions(row: Row) -> dict[str, str]:
    """Returns the headers that ask for something only if it has changed (RFC 9110, section 13.1)."""
    found = {"If-None-Match": row["etag"], "If-Modified-Since": row["last_modified"]}
    return {name: value for name, value in found.items() if value}
