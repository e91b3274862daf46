"""The spider: from listings to pages, noting how each listed page ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from scrapy import Spider, signals
from scrapy.http import Request, Response

from gonerd.crawl.hosts import host_of, url_problem
from gonerd.crawl.listings import Listing
from gonerd.crawl.warc.fields import LISTING, PAGE
from gonerd.errors import GonerdError

from .job import LIMIT, LISTED_KEY, ROLE_KEY, Job, Skip
from .ledger import FETCHED
from .seen import DUPLICATE

# Listings come before pages (redirected ones too); within each, the queue keeps the order of listing.
_LISTINGS_FIRST = 1000


class PageSpider(Spider):
    """Reads the listings of a seed and fetches their pages.

    Args:
        job: The crawl.
    """

    name = "gonerd"

    def __init__(self, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> PageSpider:
        """Builds the spider and listens for what no callback is told."""
        spider: PageSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.dropped, signal=signals.request_dropped)
        crawler.signals.connect(spider.stopped, signal=signals.spider_closed)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Begins with what the seed names."""
        for request in self._requests(self.job.source.start(self.job.settings.seed), ""):
            yield request

    def read_listing(self, response: Response) -> Iterator[Request]:
        """Takes the addresses out of a sitemap or feed."""
        if response.status != HTTPStatus.OK:
            self.job.ledger.fail_listing(response.url, f"http-{response.status}", "")
            return
        try:
            listing = self.job.source.read(response.body, response.url, self.job.settings.max_bytes)
        except GonerdError as error:
            self.job.ledger.fail_listing(response.url, "unreadable", str(error))
            return
        yield from self._requests(listing, host_of(response.url))

    def read_page(self, response: Response) -> None:
        """Notes the final response of a page; its content is in the WARC file already."""
        found = response.status == HTTPStatus.OK
        self.job.ledger.settle(response.meta[LISTED_KEY], FETCHED if found else f"http-{response.status}")

    def failed(self, failure: Any) -> None:
        """Notes why a request came to nothing."""
        request, error = failure.request, failure.value
        if isinstance(error, Skip):
            self._settle(request, error.reason, error.detail)
        elif refusal := self.job.policy.refusal(host_of(request.url)):
            self._settle(request, *refusal)  # the name's address was refused while it was resolved
        else:
            reason = "redirects" if "redirections" in str(error) else "fetch-error"
            self._settle(request, reason, f"{type(error).__name__}: {error}")

    def dropped(self, request: Request) -> None:
        """Notes a request that the duplicate filter left out."""
        if request.url in request.meta.get("redirect_urls", ()):
            self._settle(request, "redirects", f"{request.url} leads back to itself")
        elif request.meta[ROLE_KEY] == LISTING:
            self.job.ledger.repeated += 1
        else:
            self._settle(request, DUPLICATE, f"{request.url} is requested under another listed address")

    def stopped(self, reason: str) -> None:
        """Keeps why the crawler stopped."""
        self.job.finish_reason = reason

    def _settle(self, request: Request, reason: str, detail: str) -> None:
        if request.meta[ROLE_KEY] != LISTING:
            self.job.ledger.settle(request.meta[LISTED_KEY], reason, detail)
        elif reason == LIMIT:
            self.job.ledger.unread_listings += 1
        else:
            self.job.ledger.fail_listing(request.url, reason, detail)

    def _requests(self, listing: Listing, scope: str) -> Iterator[Request]:
        for url, _ in listing.listings:
            yield from self._listing_request(url, scope)
        for url in self._wanted((entry.url for entry in listing.pages), scope):
            meta = {ROLE_KEY: PAGE, LISTED_KEY: url}
            yield Request(url, callback=self.read_page, errback=self.failed, meta=meta)

    def _listing_request(self, url: str, scope: str) -> Iterator[Request]:
        problem = url_problem(url)
        if problem or self._offsite(url, scope):
            self.job.ledger.fail_listing(url, "invalid-url" if problem else "offsite", problem or f"not on {scope}")
            return
        yield Request(
            url, callback=self.read_listing, errback=self.failed, meta={ROLE_KEY: LISTING}, priority=_LISTINGS_FIRST
        )

    def _wanted(self, urls: Iterable[str], scope: str) -> Iterator[str]:
        ledger = self.job.ledger
        for url in urls:
            if not ledger.add(url):
                continue
            if problem := url_problem(url):
                ledger.settle(url, "invalid-url", problem)
            elif self._offsite(url, scope):
                ledger.settle(url, "offsite", f"not on {scope}; allow it with --allow-host {host_of(url)}")
            elif self.job.full:
                ledger.settle(url, LIMIT, "beyond --limit")
            else:
                self.job.taken += 1
                if outcome := self.job.seen.outcome(url):
                    ledger.settle(url, *outcome)
                else:
                    yield url

    def _offsite(self, url: str, scope: str) -> bool:
        return bool(scope) and host_of(url) != scope and host_of(url) not in self.job.policy.allowed
