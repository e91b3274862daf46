"""Feeds: RSS and Atom."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader


class FeedReader(ListingReader):
    """Takes the entries of one feed."""

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads the link of every entry; an entry without one yields an empty address, to be counted."""
        # A stream, never the bytes themselves: the parser would open bytes that happen to spell a file name.
        parsed = feedparser.parse(BytesIO(body), response_headers={"content-location": url})
        if not parsed.version and not parsed.entries:
            raise GonerdError("the response is neither RSS nor Atom")
        return Listing(pages=tuple(_entry(entry, url) for entry in parsed.entries))


def _entry(entry: Any, base: str) -> Entry:
    link = entry.get("link", "")
    return Entry(urljoin(base, link) if link else "", entry.get("updated") or entry.get("published") or "")


LISTINGS.register("feed")(FeedReader())
