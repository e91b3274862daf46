"""Feeds: RSS and Atom."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urljoin

import feedparser

from gonerd.errors import GonerdError

from . import SOURCES, Listing, Source


class FeedSource(Source):
    """Takes the entries of one feed."""

    def read(self, body: bytes, url: str, max_bytes: int) -> Listing:
        """Reads the link of every entry; an entry without one yields an empty address, to be counted."""
        # A stream, never the bytes themselves: the parser would open bytes that happen to spell a file name.
        parsed = feedparser.parse(BytesIO(body), response_headers={"content-location": url})
        if not parsed.version and not parsed.entries:
            raise GonerdError("the response is neither RSS nor Atom")
        links = (entry.get("link", "") for entry in parsed.entries)
        return Listing(pages=tuple(urljoin(url, link) if link else "" for link in links))


SOURCES.register("feed")(FeedSource())
