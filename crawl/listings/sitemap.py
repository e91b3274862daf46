"""Sitemaps: index, urlset, news sitemap; plain or gzipped (sitemaps.org 0.9, Google News 0.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.gz import gunzip

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader, join

_GZIP = b"\x1f\x8b"
# Broken sitemaps are common, so what can be read of one is read; nothing is fetched and no entity is expanded.
_PARSER: Mapping[str, Any] = {
    "recover": True,
    "remove_comments": True,
    "remove_pis": True,
    "resolve_entities": False,
    "no_network": True,
}


class SitemapReader(ListingReader):
    """Follows a sitemap or a sitemap index down to its pages."""

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads `<loc>` of a urlset (pages) or of an index (further sitemaps).

        An item without `<loc>` yields an empty address, to be counted. Where an item has no `<lastmod>`, a news
        sitemap's `<news:publication_date>` stands in for it.
        """
        root = _root(_unpacked(body, max_bytes))
        kind = etree.QName(root).localname
        if kind not in ("urlset", "sitemapindex"):
            raise GonerdError(f"the root element is <{kind}>, not <urlset> or <sitemapindex>")
        found = tuple(_entry(item, url) for item in root.iterchildren("{*}url", "{*}sitemap"))
        return Listing(listings=found) if kind == "sitemapindex" else Listing(pages=found)


def _unpacked(body: bytes, max_bytes: int) -> bytes:
    try:
        unpacked: bytes = gunzip(body, max_size=max_bytes) if body.startswith(_GZIP) else body
    except (OSError, EOFError, ValueError, IgnoreRequest) as error:
        raise GonerdError(f"the sitemap cannot be unpacked ({error})") from error
    return unpacked


def _root(xml: bytes) -> Any:
    try:
        root = etree.fromstring(xml.strip(), parser=etree.XMLParser(**_PARSER))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise GonerdError("the response is not XML") from error
    if root is None:
        raise GonerdError("the response is not XML")
    return root


def _entry(item: Any, base: str) -> Entry:
    address = next(_texts(item, "{*}loc"), "")
    modified = next(_texts(item, "{*}lastmod"), "") or next(_texts(item, "{*}news/{*}publication_date"), "")
    return Entry(join(base, address) if address else "", modified)


def _texts(item: Any, path: str) -> Iterator[str]:
    for element in item.iterfind(path):
        if text := (element.text or "").strip():
            yield text


LISTINGS.register("sitemap")(SitemapReader())
