"""What a crawl is asked to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gonerd.crawl.sources import SOURCES
from gonerd.errors import UsageError, unknown_name
from gonerd.records import DOMAINS

_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+")
_MIB = 1 << 20
REFRESH = ("changed", "all", "none")
PUBLIC_DELAY = 1.0


class CrawlSettings(BaseModel):
    """Settings of one crawl.

    Attributes:
        kind: Kind of the seed, the name of a module of `gonerd.crawl.listings`.
        seed: Address of the sitemap or feed, or the path of the file of URLs.
        sources: Names of known sources to crawl instead of a seed.
        out: Folder for the WARC files, the store and the summary.
        contact: Mail address for the user agent; needed for public hosts.
        allow_hosts: Private hosts that may be asked, and further hosts that listed pages may lie on.
        domain: Domain of the documents.
        source: Short name of the publisher or collection; the host of each page when None.
        limit: Take at most this many listed pages, of each source where several are named.
        refresh: Which stored pages to ask for again, with conditional requests: those that a listing says have
            "changed", "all", or "none".
        delay: Seconds between two requests to a host; when None 0 for private hosts, and 1 for public ones or what the
            most careful of the sources asks for.
        concurrency: Requests to a host at a time.
        autothrottle: Whether a slow host is asked more slowly.
        obey_robots: Whether robots.txt is obeyed.
        obey_opt_out: Whether signals against text and data mining are obeyed (`gonerd.crawl.optout`).
        honour_retry_after: Whether a host that asks for a pause gets it.
        verify_tls: Whether a host must prove who it is with a valid certificate.
        max_pause: Longest pause in seconds that is waited for; pages of a host that asks for more wait for another run.
        timeout: Seconds after which a page is given up, however much of it has come.
        max_bytes: Larger responses are given up, packed or unpacked.
        max_ratio: Responses that unpack to more than this many times their size are given up.
        max_redirects: Longer chains are given up.
        max_depth: Listings below listings are read down to this depth.
        max_listings: Read at most this many listings.
        max_pages_per_host: Take at most this many pages of a host.
        retries: Further tries after a failure that may pass.
        warc_bytes: A new WARC file is begun after this many bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = ""
    seed: str = ""
    sources: tuple[str, ...] = ()
    out: Path
    contact: str | None = None
    allow_hosts: tuple[str, ...] = ()
    domain: str = "other"
    source: str | None = None
    limit: int | None = Field(default=None, ge=1)
    refresh: str = "changed"
    delay: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    concurrency: int = Field(default=1, ge=1, le=256)
    autothrottle: bool = True
    obey_robots: bool = True
    obey_opt_out: bool = True
    honour_retry_after: bool = True
    verify_tls: bool = True
    max_pause: float = Field(default=600.0, ge=0, allow_inf_nan=False)
    timeout: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    max_bytes: int = Field(default=32 * _MIB, ge=1)
    max_ratio: float = Field(default=100.0, ge=1, allow_inf_nan=False)
    max_redirects: int = Field(default=8, ge=0)
    max_depth: int = Field(default=8, ge=0)
    max_listings: int = Field(default=1_000_000, ge=1)
    max_pages_per_host: int = Field(default=1_000_000, ge=1)
    retries: int = Field(default=2, ge=0)
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

    @field_validator("refresh")
    @classmethod
    def _is_refresh(cls, value: str) -> str:
        if value not in REFRESH:
            raise unknown_name("--refresh", value, REFRESH)
        return value

    @field_validator("source")
    @classmethod
    def _is_one_line(cls, value: str | None) -> str | None:
        # It travels as a header-like line of the warcinfo record, where a line break would begin a new field.
        if value is not None and (not value.strip() or not value.isprintable()):
            raise UsageError(f"--source {value!r} must be a short name on one line")
        return value

    def usual_delay(self) -> float:
        """Returns the seconds between two requests to a public host unless the user says otherwise."""
        return max([PUBLIC_DELAY, *(SOURCES.get(name).delay for name in self.sources)])

    def overrides(self) -> dict[str, Any]:
        """Returns the settings by which this crawl departs from good manners, by name; usually none."""
        usual = CrawlSettings.model_fields
        given = {name: getattr(self, name) for name in _MANNERS}
        changed = {name: value for name, value in given.items() if value != usual[name].default}
        if self.delay is not None and self.delay < self.usual_delay():
            changed["delay"] = self.delay
        return changed


_MANNERS = ("concurrency", "autothrottle", "obey_robots", "obey_opt_out", "honour_retry_after", "verify_tls")
# What says where a crawl begins and ends is no mere setting of it.
_OPTIONS = {
    "out": "--out FOLDER", "kind": "--seed KIND=ADDRESS", "seed": "--seed KIND=ADDRESS",
    "sources": "the names of sources as arguments",
}  # fmt: skip


def crawl_settings(given: dict[str, Any], named: list[str]) -> CrawlSettings:
    """Builds settings from the options of the command and from `--set NAME=VALUE`.

    Args:
        given: Values of the options.
        named: What `--set` was given.

    Raises:
        UsageError: A name is unknown or no setting, or a value unreadable or out of bounds.
    """
    for one in named:
        name, separator, value = one.partition("=")
        if not separator:
            raise UsageError(f"--set {one!r}: expected NAME=VALUE, for instance timeout=20")
        name = name.strip().replace("-", "_")
        if name in _OPTIONS:
            raise UsageError(f"--set {one!r}: {name} has an option of its own; give {_OPTIONS[name]}")
        if name not in CrawlSettings.model_fields:
            raise unknown_name("setting", name, CrawlSettings.model_fields)
        try:
            given[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {one!r}: the value cannot be read; quote it if it is a text") from error
    try:
        return CrawlSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"setting {where}: {first['input']!r} cannot be used ({first['msg'].lower()})") from error
