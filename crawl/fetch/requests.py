"""Requests for listings and pages, with what the store knows of them."""

from __future__ import annotations

import json
from typing import Any

from scrapy.http import Request

from gonerd.crawl.sources import SOURCES
from gonerd.crawl.warc.fields import LISTING, PAGE

from .job import ROLE_KEY, ROW_KEY
from .seeds import token_of
from .settings import CrawlSettings
from .store import Row


def listing_request(row: Row, spider: Any, settings: CrawlSettings) -> Request:
    """Returns the request for a listing.

    Args:
        row: The listing in the store.
        spider: Takes what comes.
        settings: What was asked for.
    """
    headers = {**_conditions(row), **_token(row, settings)}
    if json.loads(row["options"]):
        headers["Accept"] = "application/json, */*;q=0.8"
    meta = {ROLE_KEY: LISTING, ROW_KEY: row}
    return Request(row["url"], spider.read_listing, errback=spider.failed, meta=meta, headers=headers)


def page_request(row: Row, spider: Any, settings: CrawlSettings) -> Request:
    """Returns the request for a page; for one that is stored, only if it has changed.

    Args:
        row: The page in the store, with its entry in the round.
        spider: Takes what comes.
        settings: What was asked for.
    """
    headers = {**(_conditions(row) if row["digest"] else {}), **_token(row, settings)}
    meta = {ROLE_KEY: PAGE, ROW_KEY: row}
    return Request(row["url"], spider.read_page, errback=spider.failed, meta=meta, headers=headers)


def _conditions(row: Row) -> dict[str, str]:
    """Returns the headers that ask for something only if it has changed (RFC 9110, section 13.1)."""
    found = {"If-None-Match": row["etag"], "If-Modified-Since": row["last_modified"]}
    return {name: value for name, value in found.items() if value}


def _token(row: Row, settings: CrawlSettings) -> dict[str, str]:
    if row["source"] not in settings.sources:
        return {}
    token = token_of(SOURCES.get(row["source"]))
    return dict([token]) if token else {}
