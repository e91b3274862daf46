"""The spider: from listings to pages, noting how each ended."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from scrapy import Spider, signals
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from gonerd.crawl.hosts import host_of
from gonerd.crawl.listings import LISTINGS
from gonerd.crawl.warc.fields import LISTING
from gonerd.errors import GonerdError

from .failures import reason_of
from .frontier import Read
from .job import ROLE_KEY, ROW_KEY, STOP_KEY, STORAGE_ERRORS, Job, Skip
from .outcomes import UNREADABLE, http_reason
from .store import Row


class PageSpider(Spider):
    """Reads the listings of a seed and settles their pages; the scheduler makes the requests.

    Args:
        job: The crawl.
    """

    name = "gonerd"

    def __init__(self, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> PageSpider:
        """Builds the spider and listens for the end."""
        spider: PageSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.stopped, signal=signals.spider_closed)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Makes no request of its own; the frontier knows what to begin with."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    async def read_listing(self, response: Response) -> None:
        """Takes the addresses out of a sitemap, feed or answer of an API."""
        with self._storing():
            for _ in self._read_listing(response, response.meta[ROW_KEY]):
                self._scheduler().listed_more()
                await asyncio.sleep(0)
        self._scheduler().listed_more()

    def _read_listing(self, response: Response, row: Row) -> Iterator[None]:
        frontier = self.job.frontier
        if response.status == HTTPStatus.NOT_MODIFIED and (row["etag"] or row["last_modified"]):
            yield from frontier.unchanged(row)
        elif response.status != HTTPStatus.OK:
            frontier.fail_listing(row["id"], http_reason(response.status), "")
        else:
            try:
                reader, options = LISTINGS.get(row["kind"]), json.loads(row["options"])
                found = reader.read(response.body, response.url, self.job.settings.max_bytes, options)
            except GonerdError as error:
                frontier.fail_listing(row["id"], UNREADABLE, str(error))
            except Exception as error:  # a listing is foreign bytes: none may end the crawl, or vanish from its account
                frontier.fail_listing(row["id"], UNREADABLE, f"{type(error).__name__}: {error}")
            else:
                digest = hashlib.sha256(response.body).hexdigest()
                stated = _header(response, "ETag"), _header(response, "Last-Modified")
                yield from frontier.read(row, found, Read(*stated, digest, host_of(response.url)))

    def read_page(self, response: Response) -> None:
        """Notes the end of a page that nothing was stored of; stored ones are settled with their record."""
        row, status = response.meta[ROW_KEY], response.status
        if status != HTTPStatus.OK and not (status == HTTPStatus.NOT_MODIFIED and row["digest"]):
            with self._storing():
                self.job.frontier.settle(row["key"], http_reason(status))

    def failed(self, failure: Any) -> None:
        """Notes why a request came to nothing."""
        request, error = failure.request, failure.value
        if isinstance(error, Skip):
            self._settle(request, error.reason, error.detail)
        elif stopped := request.meta.get(STOP_KEY):
            self._settle(request, *stopped)
        elif refusal := self.job.policy.refusal(host_of(request.url)):
            self._settle(request, *refusal)  # the name's address was refused while it was resolved
        else:
            self._settle(request, *reason_of(error))

    def stopped(self, reason: str) -> None:
        """Keeps why the crawler stopped."""
        self.job.finish_reason = reason

    def _settle(self, request: Request, reason: str, detail: str) -> None:
        row: Row = request.meta[ROW_KEY]
        with self._storing():
            if request.meta[ROLE_KEY] == LISTING:
                self.job.frontier.fail_listing(row["id"], reason, detail)
                self._scheduler().listed_more()
            else:
                self.job.frontier.settle(row["key"], reason, detail)

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Ends the crawl if what the block does cannot be written."""
        try:
            yield
        except STORAGE_ERRORS as error:
            if self.job.storage_error is None:
                self.job.storage_error = error
                raise CloseSpider("storage") from error

    def _scheduler(self) -> Any:
        engine: Any = self.crawler.engine
        return engine._slot.scheduler


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")
