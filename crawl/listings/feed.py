"""Feeds: RSS and Atom, paged ones too (RFC 4287, RFC 5005)."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader, check_options


class FeedReader(ListingReader):
    """Takes the entries of a feed.

    Options of a source:
        type: Media type of the link to take, where the entries link to a document in several formats.
        follow: "next" reads the pages that follow (`<link rel="next">`, RFC 5005 section 3); by default only the
            feed itself is read, which is what somebody who names a feed expects.
    """

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads the link of every entry; an entry without one yields an empty address, to be counted."""
        check_options("feed", options, ("type", "follow"))
        # A stream, never the bytes themselves: the parser would open bytes that happen to spell a file name.
        parsed = feedparser.parse(BytesIO(body), response_headers={"content-location": url})
        if not parsed.version and not parsed.entries:
            raise GonerdError("the response is neither RSS nor Atom")
        pages = tuple(_entry(entry, url, options.get("type", "")) for entry in parsed.entries)
        return Listing(pages=pages, listings=_next(parsed.feed, url) if options.get("follow") == "next" else ())


def _entry(entry: Any, base: str, media_type: str) -> Entry:
    link = _link_of_type(entry, media_type) if media_type else entry.get("link", "")
    return Entry(urljoin(base, link) if link else "", entry.get("updated") or entry.get("published") or "")


def _link_of_type(entry: Any, media_type: str) -> str:
    links = (link for link in entry.get("links", ()) if link.get("type") == media_type)
    return next((str(link.get("href", "")) for link in links if link.get("rel") == "alternate"), "")


def _next(feed: Any, url: str) -> tuple[Entry, ...]:
    links = (str(link.get("href", "")) for link in feed.get("links", ()) if link.get("rel") == "next")
    following = next((urljoin(url, link) for link in links if link), url)
    return (Entry(following),) if following != url else ()


LISTINGS.register("feed")(FeedReader())
