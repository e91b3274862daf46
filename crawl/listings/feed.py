"""Feeds: RSS and Atom, paged ones too (RFC 4287, RFC 5005)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import feedparser

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader, check_options, join


class FeedReader(ListingReader):
    """Takes the entries of a feed.

    Options of a source:
        link: Regular expression that the whole address of the link to take matches, where the entries link to a
            document in several formats (their media types do not tell: a link without one counts as text/html).
        follow: "next" reads the pages that follow (`<link rel="next">`, RFC 5005 section 3); by default only the
            feed itself is read, which is what somebody who names a feed expects.
    """

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads the link of every entry; an entry without one yields an empty address, to be counted."""
        check_options("feed", options, ("link", "follow"))
        # A stream, never the bytes themselves: the parser would open bytes that happen to spell a file name.
        parsed = feedparser.parse(BytesIO(body), response_headers={"content-location": url})
        if not parsed.version and not parsed.entries:
            raise GonerdError("the response is neither RSS nor Atom")
        pages = tuple(_entry(entry, url, options.get("link", "")) for entry in parsed.entries)
        return Listing(pages=pages, following=_next(parsed.feed, url) if options.get("follow") == "next" else ())


def _entry(entry: Any, base: str, pattern: str) -> Entry:
    link = _matching_link(entry, pattern) if pattern else entry.get("link", "")
    # Asked for a missing `updated`, the parser answers with `published`, and a warning.
    modified = entry["updated"] if "updated" in entry else entry.get("published")
    return Entry(join(base, link) if link else "", modified or "")


def _matching_link(entry: Any, pattern: str) -> str:
    addresses = (str(link.get("href", "")) for link in entry.get("links", ()) if link.get("rel") == "alternate")
    return next((address for address in addresses if re.fullmatch(pattern, address)), "")


def _next(feed: Any, url: str) -> tuple[Entry, ...]:
    links = (str(link.get("href", "")) for link in feed.get("links", ()) if link.get("rel") == "next")
    following = next((join(url, link).partition("#")[0] for link in links if link), url)
    return (Entry(following),) if following != url else ()


LISTINGS.register("feed")(FeedReader())
