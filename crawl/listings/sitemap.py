"""Sitemaps: index, urlset, plain or gzipped."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from lxml.etree import XMLSyntaxError
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap

from gonerd.errors import GonerdError

from . import LISTINGS, NO_OPTIONS, Entry, Listing, ListingReader

_GZIP = b"\x1f\x8b"


class SitemapReader(ListingReader):
    """Follows a sitemap or a sitemap index down to its pages."""

    def read(self, body: bytes, url: str, max_bytes: int, options: Mapping[str, str] = NO_OPTIONS) -> Listing:
        """Reads `<loc>` of a urlset (pages) or of an index (further sitemaps)."""
        try:
            xml = gunzip(body, max_size=max_bytes) if body.startswith(_GZIP) else body
            sitemap = Sitemap(xml)
            found = tuple(
                Entry(urljoin(url, entry["loc"]) if entry["loc"] else "", entry.get("lastmod") or "")
                for entry in sitemap
            )
        except (XMLSyntaxError, StopIteration) as error:
            raise GonerdError("the response is not XML") from error
        except (OSError, EOFError, ValueError, IgnoreRequest) as error:
            raise GonerdError(f"the sitemap cannot be unpacked ({error})") from error
        if sitemap.type == "sitemapindex":
            return Listing(listings=found)
        if sitemap.type == "urlset":
            return Listing(pages=found)
        raise GonerdError(f"the root element is <{sitemap.type}>, not <urlset> or <sitemapindex>")


LISTINGS.register("sitemap")(SitemapReader())
