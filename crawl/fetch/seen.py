"""What earlier runs stored: read back from the WARC files themselves, so that it cannot disagree with them."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin

from gonerd.crawl.warc.fields import LISTED, PAGE, REDIRECTS, ROLE
from gonerd.crawl.warc.http_record import http_headers, status_of
from gonerd.crawl.warc.read import DamagedWarc, read_records
from gonerd.errors import GonerdError

from .ledger import ALREADY, page_key

# These say "not now" rather than "not here", so the page is asked for again.
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
DUPLICATE = "duplicate"


class SeenPages:
    """Final page responses in a crawl's folder, by listed and by final address.

    Args:
        folder: The crawl's folder.

    Raises:
        GonerdError: A finished WARC file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._listed: dict[str, int] = {}
        self._final: dict[str, str] = {}
        self._moved: dict[str, str] = {}
        for path in sorted(folder.glob("*.warc.gz")):
            try:
                self._read(path)
            except DamagedWarc as damage:
                raise GonerdError(
                    f"{path}: {damage.why} at byte {damage.offset}; move the file away and run the crawl command again"
                ) from damage

    def _read(self, path: Path) -> None:
        for _, record in read_records(path):
            header = record.rec_headers.get_header
            if record.rec_type != "response" or header(ROLE) != PAGE:
                continue
            url, headers = header("WARC-Target-URI"), http_headers(record)
            self.note(header(LISTED) or url, url, status_of(headers), headers.get_header("Location"))

    def note(self, listed: str, url: str, status: int, location: str | None) -> None:
        """Enters one response.

        Args:
            listed: The address that the seed listed.
            url: The address that answered, at the end of any redirects.
            status: HTTP status.
            location: Target, where the response is a redirect.
        """
        if status in REDIRECTS and location:
            self._moved[page_key(listed)] = page_key(urljoin(url, location))
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING:
            self._listed[page_key(listed)] = status
            self._final.setdefault(page_key(url), listed)

    def holder(self, url: str) -> str | None:
        """Returns the listed address under which the page at `url` is stored, if it is."""
        return self._final.get(page_key(url))

    def outcome(self, url: str) -> tuple[str, str] | None:
        """Returns how a listed address ended in an earlier run, or None if it is still to be fetched."""
        key = page_key(url)
        status = self._listed.get(key)
        if status == HTTPStatus.OK:
            return ALREADY, ""
        if status is not None:
            return f"http-{status}", "answered so in an earlier run"
        holder = self._final.get(key) or self._final.get(self._moved.get(key, ""))
        return (DUPLICATE, f"stored under {holder}") if holder else None
