"""Publishers that the crawler knows: one module each under `news/` and `legal/`, found by itself.

A module registers one `Source` under its own name in `SOURCES`. It says where the publisher lists its pages, what may
be done with them and which page says so, and how often to ask; it holds code only where the generic extraction is not
enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from gonerd.crawl.hosts import host_of
from gonerd.registry import Registry


@dataclass(frozen=True, slots=True)
class Discovery:
    """A listing in which a publisher names its pages.

    Attributes:
        kind: How to read it, a name of `gonerd.crawl.listings.LISTINGS`.
        url: Its address.
        options: Further arguments of the kind's `read`, for instance the fields of a JSON API.
    """

    kind: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Licence:
    """What may be done with a publisher's texts.

    Attributes:
        id: SPDX identifier or licence URL.
        evidence: Address of the page that says so.
        note: What is excepted, for instance agency pictures or wire copy; one sentence.
        release: "full" where texts may be passed on, changed and enriched, else "urls-only".
        excepted: XPath that finds something on pages the licence does not cover, for instance the byline of a news
            agency; regular expressions are at hand as `re:test`. Empty when every page is covered.
    """

    id: str
    evidence: str
    note: str = ""
    release: str = "full"
    excepted: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a publisher's pages were built up to a day, where the generic extraction gets them wrong.

    Attributes:
        valid_until: Last day on which pages were fetched in this layout; None for the present one.
        body: XPath of the elements that hold the text; empty to let the extractor find them.
        remove: XPath of what to take out first; empty for nothing.
        heading: XPath of the heading where it stands outside the body, so that it is kept.
    """

    valid_until: date | None = None
    body: str = ""
    remove: str = ""
    heading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publisher.

    Attributes:
        name: Short name, the module's; it stands in the documents' field `source`.
        title: Full name.
        domain: "news" or "legal".
        hosts: Hosts that listings and pages may lie on, the main one first.
        discovery: Listings to read, the best first.
        licence: What may be done with the texts.
        delay: Least seconds between two requests to a host.
        pages: Regular expression that the whole address of a page matches; other listed addresses are no articles.
        layouts: Layouts in order of time; the present one last.
        language: ISO 639-1 code of the texts where the publisher has one.
        token: Name of the environment variable with the API key, where an API needs one.
        token_header: (header, value with `{token}` in it) that carries the key.
        to_html: Turns an API record (body, address) into an HTML page for the extractor; None where pages are HTML.
    """

    name: str
    title: str
    domain: str
    hosts: tuple[str, ...]
    discovery: tuple[Discovery, ...]
    licence: Licence
    delay: float = 2.0
    pages: str = ""
    layouts: tuple[Layout, ...] = ()
    language: str | None = "en"
    token: str | None = None
    token_header: tuple[str, str] = ("Authorization", "Token {token}")
    to_html: Callable[[bytes, str], str] | None = None

    def lists(self, url: str) -> bool:
        """Whether a listed address is a page of this publisher."""
        return host_of(url) in self.hosts and (not self.pages or re.fullmatch(self.pages, url) is not None)

    def layout(self, fetched: date | None) -> Layout | None:
        """Returns the layout in which a page of that day is built, None where the generic extraction suffices."""
        for layout in self.layouts:
            if layout.valid_until is None or (fetched is not None and fetched <= layout.valid_until):
                return layout
        return None


SOURCES: Registry[Source] = Registry("source", __name__)


def source_of(url: str, name: str | None = None) -> Source | None:
    """Returns the publisher of a page, None for an unknown one or where several are as likely.

    Args:
        url: Address of the page.
        name: Short name that the crawl noted; it decides where several publishers share a host.
    """
    if name is not None and name in SOURCES.names():
        return SOURCES.get(name)
    host = host_of(url)
    there = [source for source in map(SOURCES.get, SOURCES.names()) if host in source.hosts]
    listed = [source for source in there if source.lists(url)]
    # On a host of several publishers an address that none of them lists is nobody's.
    found = listed or there
    return found[0] if len(found) == 1 else None
