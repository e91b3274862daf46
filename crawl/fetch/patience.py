"""Waiting when a host asks to: 429 and 503 (RFC 6585, section 4; RFC 9110, sections 10.2.3 and 15.6.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from scrapy.http import Request, Response
from scrapy.utils.httpobj import urlparse_cached

from gonerd.crawl.warc.fields import LISTING, PAGE

from .job import ROLE_KEY, JobComponent, Skip
from .outcomes import RETRY_LATER
from .retry_after import seconds

_TRIES = "gonerd_waited"
_FIRST = 5.0  # seconds, doubled each time, where the host does not say how long


class Patience(JobComponent):
    """Gives a host the pause it asks for and then asks again; a host that asks for too long is left for another run."""

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Passes the response on, or returns the request to be made again."""
        busy = response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        if not busy or request.meta.get(ROLE_KEY) not in (PAGE, LISTING) or not self.job.settings.honour_retry_after:
            return response
        stated = seconds((response.headers.get("Retry-After") or b"").decode("latin-1"), datetime.now(UTC))
        tries = request.meta.get(_TRIES, 0)
        pause = _FIRST * 2**tries if stated is None else stated
        host = urlparse_cached(request).hostname or ""
        scheduler: Any = self.crawler.engine._slot.scheduler
        if pause > self.job.settings.max_pause:
            said = f"{host} answered {response.status} and asks for {pause:.0f} s"
            scheduler.give_up(host)
            self.job.frontier.postpone(host, f"{said}, more than --set max_pause={self.job.settings.max_pause:g}")
            raise Skip(RETRY_LATER, said)
        last = tries >= self.job.settings.retries
        if stated is not None or not last:
            scheduler.pause(host, pause)
        if last:
            return response
        return request.replace(meta={**request.meta, _TRIES: tries + 1}, dont_filter=True)
