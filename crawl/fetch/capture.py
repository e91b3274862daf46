"""Storing what comes back: the WARC records first, then what the store knows of them."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.exceptions import StopDownload
from scrapy.http import Request, Response

from gonerd.crawl.optout import page_signals
from gonerd.crawl.sources import SOURCES
from gonerd.crawl.warc.exchange import Exchange, Message, Original
from gonerd.crawl.warc.fields import DOMAIN, LISTED, PAGE, REVISIT, ROBOTS, ROLE, SOURCE

from .arrivals import arrived
from .job import NOTES_KEY, ROLE_KEY, ROW_KEY, STOP_KEY, STORAGE_ERRORS, JobComponent, Skip
from .outcomes import NOT_STORED, NOT_TEXT, OPT_OUT
from .unpack import content_encodings, unpack

_TEXT = (
    "text/",
    "application/xhtml+xml",
    "application/xml",
    "application/json",
    "application/ld+json",
    "application/pdf",
)
_HEAD = 1 << 16


class Capture(JobComponent):
    """Stores every exchange as it went over the wire; must stand nearest to the downloader."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self.look_at_headers, signal=signals.headers_received)

    def look_at_headers(self, headers: Any, request: Request) -> None:
        """Stops the download of what is no text, before its body comes; what that means is for its status to say."""
        if request.meta.get(ROLE_KEY) != PAGE:
            return
        kind = (headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()
        if kind and not kind.startswith(_TEXT) and not kind.endswith(("+xml", "+json")):
            request.meta[STOP_KEY] = NOT_TEXT, kind
            raise StopDownload(fail=False)

    def process_response(self, request: Request, response: Response) -> Response:
        """Writes the exchange and passes the response on untouched; a full disk ends the crawl."""
        row = request.meta.get(ROW_KEY) if request.meta.get(ROLE_KEY) == PAGE else None
        stopped = request.meta.pop(STOP_KEY, None)
        if stopped and response.status == HTTPStatus.OK:
            raise Skip(*stopped)  # the type of a redirect or an error tells nothing of the page
        try:
            if row is not None and (response.status == HTTPStatus.OK or _unchanged(response, row)):
                self._check_content(request, response)
            self._store(request, response, row)
        except STORAGE_ERRORS as error:
            self.stop_storing(error)
            raise Skip(NOT_STORED, str(error)) from error
        return response

    def _check_content(self, request: Request, response: Response) -> None:
        """Refuses a page, before it is stored, that unpacks to too much or reserves its use.

        A 304 has the headers of the page alone, and may reserve what an earlier answer did not.
        """
        given = self.job.settings
        encodings = content_encodings(response) if response.status == HTTPStatus.OK else []
        head = unpack(response.body, encodings, given.max_bytes, given.max_ratio)[:_HEAD]
        found = next((str(one) for one in page_signals(_pairs(response), head) if one.reserved), None)
        if found is None:
            return
        request.meta[STOP_KEY] = OPT_OUT, found
        if given.obey_opt_out:
            self.job.warc.note(request.url, {"opt-out": found, "http-status": str(response.status)}, {})
            raise Skip(OPT_OUT, found)

    def _store(self, request: Request, response: Response, row: Any) -> None:
        extra = {ROLE: str(request.meta.get(ROLE_KEY, ROBOTS))}
        if response.ip_address is not None:
            extra["WARC-IP-Address"] = str(response.ip_address)
        if "download_stopped" in response.flags and response.headers.get("Content-Length") != b"0":
            extra["WARC-Truncated"] = "unspecified"
        original = None
        if row is not None:
            extra |= {LISTED: row["url"], SOURCE: row["source"], DOMAIN: row["domain"]}
            extra = {name: value for name, value in extra.items() if value}
            if row["digest"] and (response.status == HTTPStatus.OK or _unchanged(response, row)):
                original = Original(row["address"], row["fetched"], row["digest"])
        exchange = Exchange(
            request.url, self._asked(request), _answer(response), response.status, extra, self._notes(request), original
        )
        capture = self.job.warc.write(exchange)
        with self.job.store.transaction():
            self.job.store.add_capture(capture)
            if row is not None and (response.status == HTTPStatus.OK or capture.mime == REVISIT):
                arrived(self.job, row, response, capture)

    def _notes(self, request: Request) -> dict[str, str]:
        latency = request.meta.get("download_latency")
        notes = {"fetchTimeMs": "" if latency is None else str(round(latency * 1000))}
        if stopped := request.meta.get(STOP_KEY):
            notes["opt-out"] = f"{stopped[1]} (overridden by obey_opt_out=false)"
        if hops := request.meta.get("redirect_urls"):
            notes["via"] = hops[-1]
        further: dict[str, str] = request.meta.get(NOTES_KEY, {})
        return notes | further

    def _asked(self, request: Request) -> Message:
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        headers = [("Host", host), *_pairs(request)]
        keys = (SOURCES.get(name).token_header[0].lower() for name in self.job.settings.sources)
        secret = {"authorization", "cookie", *keys}
        headers = [(name, "(withheld)" if name.lower() in secret else value) for name, value in headers]
        return Message(f"{request.method} {target} HTTP/1.1", headers, request.body)


def _unchanged(response: Response, row: Any) -> bool:
    return bool(row["digest"]) and response.status == HTTPStatus.NOT_MODIFIED


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
    return list(_each(message))


def _each(message: Request | Response) -> Iterator[tuple[str, str]]:
    for name, values in message.headers.items():
        for value in values or ():
            yield name.decode("latin-1"), value.decode("latin-1")
