"""What no request gets past, first or redirected, robots.txt included: the host policy and what is stored already."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapy.http import Request, Response

from gonerd.crawl.hosts import host_of, url_problem
from gonerd.crawl.sources import SOURCES
from gonerd.crawl.warc.fields import LISTING, PAGE

from .job import ROLE_KEY, ROW_KEY, JobComponent, Skip
from .keys import page_key
from .outcomes import DUPLICATE, INVALID_URL, REDIRECTS
from .unpack import content_encodings, unpack

_PORTS = {"http": 80, "https": 443}


class HostGuard(JobComponent):
    """Lets no request out that the host policy refuses, and none for what is stored under another address."""

    def process_request(self, request: Request) -> None:
        """Refuses the request by raising."""
        if problem := url_problem(request.url):
            raise Skip(INVALID_URL, problem)
        policy, host = self.job.policy, host_of(request.url)
        if refusal := policy.refusal(host):
            raise Skip(*refusal)
        # A redirect brings the meta of the request before it along, which may have gone to another host.
        request.meta.pop("download_slot", None)
        steady = not self.job.settings.autothrottle or policy.is_private(host)
        request.meta["autothrottle_dont_adjust_delay"] = steady
        if request.meta.get(ROLE_KEY) in (PAGE, LISTING):
            request.meta.setdefault("redirect_ttl", self.job.settings.max_redirects)
        if request.meta.get(ROLE_KEY) == PAGE:
            self._refuse_stored(request)
        if request.meta.get("redirect_urls"):
            self._keep_secrets(request)

    def _refuse_stored(self, request: Request) -> None:
        if request.url in request.meta.get("redirect_urls", ()):
            raise Skip(REDIRECTS, f"{request.url} leads back to itself")
        row = request.meta[ROW_KEY]
        if holder := self.job.frontier.holder(page_key(request.url), row["key"]):
            raise Skip(DUPLICATE, f"{request.url} is stored under {holder}")

    def _keep_secrets(self, request: Request) -> None:
        """Takes the key of an API out of a request that was led elsewhere."""
        row = request.meta.get(ROW_KEY)
        if row is not None and row["source"] in self.job.settings.sources:
            source, first = SOURCES.get(row["source"]), request.meta["redirect_urls"][0]
            at_home = host_of(request.url) in source.hosts and _door(request.url) == _door(first)
            if source.token and not at_home:
                request.headers.pop(source.token_header[0], None)


def _door(url: str) -> tuple[str, int]:
    """Returns scheme and port: another service may listen on another port, and http says everything aloud."""
    parts = urlsplit(url)
    return parts.scheme, parts.port or _PORTS.get(parts.scheme, 0)


class UnpackGuard(JobComponent):
    """Unpacks what the crawl reads itself, listings and rules, within bounds; stands in for Scrapy's middleware.

    A page stays packed: it is stored as it came, and the spider looks at its status alone.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """Returns the response without its content encoding."""
        encodings, given = content_encodings(response), self.job.settings
        if not encodings:
            return response
        del response.headers["Content-Encoding"]
        if request.meta.get(ROLE_KEY) == PAGE:
            return response
        body = unpack(response.body, encodings, given.max_bytes, given.max_ratio)
        unpacked: Response = response.replace(body=body)
        return unpacked
