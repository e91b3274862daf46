"""Downloader middleware at both ends: the host policy before a request, the WARC record after it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy.http import Request, Response

from gonerd.crawl.hosts import host_of, url_problem
from gonerd.crawl.warc.fields import LISTED, LISTING, PAGE, ROBOTS, ROLE
from gonerd.crawl.warc.write import Message

from .job import LIMIT, LISTED_KEY, ROLE_KEY, Job, Skip
from .seen import DUPLICATE


class JobMiddleware:
    """A downloader middleware that knows the running crawl."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Any:
        """Builds the middleware for a crawl."""
        return cls(crawler)

    @property
    def job(self) -> Job:
        """The running crawl."""
        job: Job = self.crawler.spider.job
        return job


class HostGuard(JobMiddleware):
    """Lets no request out, first or redirected, robots.txt included, that the host policy refuses."""

    def process_request(self, request: Request) -> None:
        """Refuses the request by raising."""
        if problem := url_problem(request.url):
            raise Skip("invalid-url", problem)
        if self.job.full and request.meta.get(ROLE_KEY) == LISTING:
            raise Skip(LIMIT, "enough pages are listed")
        policy, host = self.job.policy, host_of(request.url)
        if refusal := policy.refusal(host):
            raise Skip(*refusal)
        if policy.is_private(host):
            request.meta["autothrottle_dont_adjust_delay"] = True
        self._refuse_stored(request)

    def _refuse_stored(self, request: Request) -> None:
        listed = request.meta.get(LISTED_KEY)
        if request.meta.get(ROLE_KEY) != PAGE or not request.meta.get("redirect_urls"):
            return
        holder = self.job.seen.holder(request.url)
        if holder is not None:  # a redirect to a page that an earlier run has stored under another address
            raise Skip(DUPLICATE, f"{listed} leads to {request.url}, stored under {holder}")


class WarcCapture(JobMiddleware):
    """Stores every exchange as it went over the wire; must stand nearest to the downloader."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Writes the exchange and passes the response on untouched; a full disk ends the crawl."""
        extra = {ROLE: str(request.meta.get(ROLE_KEY, ROBOTS))}
        if LISTED_KEY in request.meta:
            extra[LISTED] = request.meta[LISTED_KEY]
        if response.ip_address is not None:
            extra["WARC-IP-Address"] = str(response.ip_address)
        try:
            self.job.store.write(request.url, _asked(request), _answer(response), extra)
        except OSError as error:
            if self.job.storage_error is None:
                self.job.storage_error = error
                self._stopping = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="storage"))
            raise Skip("not-stored", str(error)) from error
        return response


def _asked(request: Request) -> Message:
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    return Message(f"{request.method} {target} HTTP/1.1", [("Host", host), *_pairs(request)], request.body)


def _answer(response: Response) -> Message:
    phrase = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "Unknown"
    headers = []
    for name, value in _pairs(response):
        if name.lower() == "transfer-encoding":
            name = "X-Crawler-Transfer-Encoding"  # the body arrives here without its chunks
        if name.lower() != "content-length":
            headers.append((name, value))
    headers.append(("Content-Length", str(len(response.body))))
    return Message(f"{response.protocol or 'HTTP/1.1'} {response.status} {phrase}", headers, response.body)


def _pairs(message: Request | Response) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in message.headers.items()
        for value in (values or ())
    ]
