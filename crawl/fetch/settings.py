"""What a crawl is asked to do and what it reports."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gonerd.errors import UsageError, unknown_name
from gonerd.records import DOMAINS

_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+")
_MIB = 1 << 20


class CrawlSettings(BaseModel):
    """Settings of one crawl.

    Attributes:
        kind: Kind of the seed, the name of a module of `gonerd.crawl.listings`.
        seed: Address of the sitemap or feed, or the path of the file of URLs.
        out: Folder for the WARC files and the summary.
        contact: Mail address for the user agent; needed for public hosts.
        allow_hosts: Private hosts that may be asked, and further hosts that listed pages may lie on.
        domain: Domain of the documents.
        source: Short name of the publisher or collection; the host of each page when None.
        limit: Take at most this many listed pages.
        delay: Seconds between two requests to a host; 1 for public and 0 for private hosts when None.
        timeout: Seconds after which a request is given up.
        max_bytes: Larger responses are given up.
        max_redirects: Longer chains are given up.
        warc_bytes: A new WARC file is begun after this many bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    seed: str
    out: Path
    contact: str | None = None
    allow_hosts: tuple[str, ...] = ()
    domain: str = "other"
    source: str | None = None
    limit: int | None = Field(default=None, ge=1)
    delay: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    timeout: float = Field(default=60.0, gt=0)
    max_bytes: int = Field(default=32 * _MIB, ge=1)
    max_redirects: int = Field(default=8, ge=0)
    warc_bytes: int = Field(default=1024 * _MIB, ge=1)

    @field_validator("contact")
    @classmethod
    def _is_mail(cls, value: str | None) -> str | None:
        if value is not None and not _MAIL.fullmatch(value):
            raise UsageError(f"--contact {value!r} is not a mail address; give one like crawler@example.org")
        return value

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        if value not in DOMAINS:
            raise unknown_name("domain", value, DOMAINS)
        return value

    @field_validator("source")
    @classmethod
    def _is_one_line(cls, value: str | None) -> str | None:
        # It travels as a header-like line of the warcinfo record, where a line break would begin a new field.
        if value is not None and (not value.strip() or not value.isprintable()):
            raise UsageError(f"--source {value!r} must be a short name on one line")
        return value


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
        already: Pages whose response an earlier run had stored.
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
    already: int
    skipped: dict[str, int]
    repeated: int
    unread_listings: int
    failed_listings: list[FailedListing]
    bytes: int
    warc_files: list[str]
