"""What a crawl reports."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FailedListing(BaseModel):
    """A sitemap or feed that could not be read."""

    model_config = ConfigDict(extra="forbid")

    url: str
    reason: str
    detail: str


class CrawlSummary(BaseModel):
    """Counts of one crawl: listed = fetched + already + the skipped ones.

    Attributes:
        listed: Different page addresses that the seed listed.
        fetched: Pages fetched by this run.
        updated: Those among them that an earlier round had stored with other content.
        already: Pages whose response an earlier run had stored.
        unchanged: Those among them that this run asked for again and that had not changed.
        skipped: Pages without a usable response, by reason.
        repeated: Further mentions of addresses that were listed before.
        unread_listings: Sitemaps that were left out because enough pages were listed.
        failed_listings: Sitemaps and feeds that could not be read.
        bytes: Bytes written to WARC files by this run.
        warc_files: Names of all WARC files in the folder.
    """

    model_config = ConfigDict(extra="forbid")

    listed: int
    fetched: int
    updated: int
    already: int
    unchanged: int
    skipped: dict[str, int]
    repeated: int
    unread_listings: int
    failed_listings: list[FailedListing]
    bytes: int
    warc_files: list[str]
