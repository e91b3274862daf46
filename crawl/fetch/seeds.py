"""What a crawl starts from: known sources, or one listing, feed or list of addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.listings import LISTINGS, Entry, Listing
from gonerd.crawl.sources import SOURCES, Source
from gonerd.errors import UsageError

from .settings import CrawlSettings


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a crawl, or of one of its sources.

    Attributes:
        kind: How its listings are read.
        listing: What it names first.
        source: Short name of the publisher, for the documents; empty to take the host of each page.
        domain: Domain of the documents.
        options: Further arguments of the kind.
    """

    kind: str
    listing: Listing
    source: str
    domain: str
    options: Mapping[str, str] = field(default_factory=dict)


def starts_of(settings: CrawlSettings) -> list[Start]:
    """Returns what a crawl starts from.

    Raises:
        UsageError: A source or kind is unknown, a seed is unusable, or a source needs a key that is not set.
    """
    if not settings.sources:
        listing = LISTINGS.get(settings.kind).start(settings.seed)
        return [Start(settings.kind, listing, settings.source or "", settings.domain)]
    found = []
    for source in map(SOURCES.get, settings.sources):
        token_of(source)
        for one in source.discovery:
            listing = Listing(listings=(Entry(one.url),))
            found.append(Start(one.kind, listing, source.name, source.domain, one.options))
    return found


def seed_name(settings: CrawlSettings) -> str:
    """Returns what names the rounds of a seed in the store."""
    return json.dumps(sorted(settings.sources) or [settings.kind, settings.seed])


def token_of(source: Source) -> tuple[str, str] | None:
    """Returns the (header, value) that carries a source's key, None where it needs none.

    Raises:
        UsageError: The environment variable is not set.
    """
    if source.token is None:
        return None
    key = os.environ.get(source.token, "")
    if not key.strip():
        raise UsageError(f"the source {source.name} needs a key; set the environment variable {source.token}")
    header, value = source.token_header
    return header, value.format(token=key.strip())


def check_seeds(settings: CrawlSettings, starts: list[Start]) -> HostPolicy:
    """Refuses seeds at the door that would only fail later.

    Returns:
        The policy that says which hosts may be asked.

    Raises:
        UsageError: A seed is no address, lies in a private network that was not allowed, or needs a contact.
    """
    policy = HostPolicy(settings.allow_hosts, contact=settings.contact is not None)
    what = "source" if settings.sources else f"--{settings.kind}"
    for url, _ in (entry for start in starts for entry in (*start.listing.listings, *start.listing.pages)):
        if problem := url_problem(url):
            raise UsageError(f"{what} {url!r} cannot be fetched, {problem}; give an http(s) address")
        refusal = policy.refusal(host_of(url))
        if refusal and refusal[0] == "no-contact":
            raise UsageError(
                f"{url} lies on a public host, so the crawler must say whom to write to; add --contact MAIL"
            )
        if refusal:
            raise UsageError(f"{url}: {refusal[1]}")
    return policy
