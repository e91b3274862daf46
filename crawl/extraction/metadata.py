"""Title, author and day of publication, each with the place where it was read.

What a page states in JSON-LD, OpenGraph and `meta` comes first; trafilatura and htmldate look for what is missing.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import trafilatura
from htmldate import find_date
from lxml import etree

from gonerd.text import normalize

from .head import Head
from .structured import person_names, stated_authors, stated_text

_DATES = (
    "article:published_time", "og:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.date",
    "dcterms.issued", "dcterms.created", "dc.date.created", "pubdate", "publishdate", "publish-date",
    "publication_date", "parsely-pub-date", "sailthru.date", "citation_publication_date", "citation_date",
)  # fmt: skip
# Only with one of these on the page is it worth while to look for what the page does not state outright.
_BYLINES = etree.XPath(
    "boolean(//*[@rel='author' or contains(@itemprop, 'author') or contains(@class, 'author')"
    " or contains(@class, 'byline') or contains(@class, 'Byline') or @id='author'])"
)
_DAY = re.compile(r"\s*(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?!\d)")


@dataclass(slots=True)
class Metadata:
    """What was found out about a page.

    Attributes:
        title: Headline.
        author: Names, parted by "; ".
        published: Day of publication, in the time zone in which it is stated.
        evidence: Where each of them was read, by field.
    """

    title: str | None = None
    author: str | None = None
    published: date | None = None
    evidence: dict[str, str] = field(default_factory=dict)


def read_metadata(head: Head, tree: Any, crawled: date | None) -> Metadata:
    """Reads a page's title, author and day of publication.

    Args:
        head: The page's statements.
        tree: The parsed page before anything is taken out; it is not changed.
        crawled: Day on which the page was fetched; a later day of publication is dropped, and the evidence says so.
    """
    found = Metadata()
    for title, where in _titles(head):
        if line := one_line(title):
            found.title, found.evidence["title"] = line, where
            break
    for names, where in _authors(head, tree):
        if names:
            found.author, found.evidence["author"] = one_line("; ".join(names)), where
            break
    for day, where in _days(head, tree, crawled):
        if crawled is not None and day > crawled:
            found.evidence["published"] = f"dropped: {where} says {day}, after the crawl"
            continue
        found.published, found.evidence["published"] = day, where
        break
    return found


def one_line(value: str | None) -> str | None:
    """Returns a value on one line and without character references that were escaped twice; None if it is blank."""
    line = normalize(" ".join(html.unescape(value).split())) if value else ""
    return line or None


def as_day(value: str) -> date | None:
    """Returns the day that a date begins with, in the forms 2024-05-06, 2024/05/06 and 20240506."""
    if match := _DAY.match(value):
        with contextlib.suppress(ValueError):
            return date(int(match[1]), int(match[2]), int(match[3]))
    return None


def _titles(head: Head) -> Iterator[tuple[str, str]]:
    yield stated_text(head.nodes, "headline"), "JSON-LD headline"
    yield head.meta("og:title"), "og:title"
    yield next((heading for heading in head.headings if heading), ""), "<h1>"
    yield head.meta("twitter:title", "dc.title", "dcterms.title", "citation_title"), "<meta> title"
    yield next((title for title in head.titles if title), ""), "<title>"


def _authors(head: Head, tree: Any) -> Iterator[tuple[list[str], str]]:
    yield stated_authors(head.nodes), "JSON-LD author"
    yield person_names(head.metas.get("author", ())), "<meta name=author>"
    yield person_names(head.metas.get("article:author", ())), "article:author"
    if _BYLINES(tree):
        with contextlib.suppress(Exception):  # foreign HTML against a big library; the author can be missing
            yield person_names((trafilatura.extract_metadata(tree).author or "").split("; ")), "byline, by trafilatura"


def _days(head: Head, tree: Any, crawled: date | None) -> Iterator[tuple[date, str]]:
    for name in ("datePublished", "dateCreated"):
        if day := as_day(stated_text(head.nodes, name)):
            yield day, f"JSON-LD {name}"
    for name in _DATES:
        if day := as_day(head.meta(name)):
            yield day, f"<meta {name}>" if ":" not in name else name
    # Without the extensive search only stated dates count, no year picked from the running text; and the day of the
    # fetch, not today, bounds them, so that the same WARC gives the same documents for ever.
    limit: dict[str, Any] = {"max_date": datetime(crawled.year, crawled.month, crawled.day)} if crawled else {}
    with contextlib.suppress(Exception):
        if day := as_day(find_date(tree, original_date=True, extensive_search=False, **limit) or ""):
            yield day, "the page, by htmldate"
