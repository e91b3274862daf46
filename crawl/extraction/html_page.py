"""A web page: what it says of itself, whether it stands in for something else, and its text."""

from __future__ import annotations

import contextlib
from datetime import date
from functools import cache
from typing import Any

import lxml.etree
import lxml.html
import trafilatura

from gonerd.crawl.hosts import host_of
from gonerd.crawl.sources import Layout, Source
from gonerd.crawl.sources.layouts import apply_layout
from gonerd.crawl.sources.licences import declared_licence
from gonerd.errors import GonerdError
from gonerd.text import normalize

from .addresses import cited_url
from .content import EXTRACTOR, Content, extractor_name
from .head import Head, read_head
from .legal import is_bare, legal_text
from .licences import UNKNOWN, licence_of
from .main_text import main_text, running_lines
from .metadata import read_metadata
from .parts import part_of
from .stand_ins import lost_page, stand_in
from .structured import stated_text
from .unfit import Unfit

_DESCRIPTIONS = ("og:description", "description", "twitter:description")


def read_html(
    html: str,
    *,
    url: str,
    charset: str,
    domain: str,
    crawled: date | None,
    source: Source | None,
    record: bool = False,
) -> Content:
    """Reads a page.

    Args:
        html: The page, decoded.
        url: The address that answered.
        charset: How it was decoded.
        domain: Domain of the crawl; legal pages are taken whole.
        crawled: Day on which it was fetched.
        source: Its publisher, if known: its layout of that day is applied, and where the page states no licence, the
            one that it declares for its hosts holds.
        record: Whether the page is our rendering of an API's record, which names the page that people read.

    Raises:
        Unfit: It holds nothing, or stands in for something else.
    """
    whole = parse(html)
    if whole is None:
        raise Unfit("no-text")
    tree = _laid_out(whole, source.layout(crawled) if source else None)
    head = read_head(tree)
    if lost := lost_page(head, tree):
        raise Unfit(*lost)
    cited = cited_url(tree, url, believed=record)
    licence = licence_of(whole, cited, head.nodes)
    if licence[0] == UNKNOWN and source is not None and host_of(url) in source.hosts:
        licence = declared_licence(source, whole)
    part = part_of(tree, url)
    metadata = read_metadata(head, tree, crawled)
    # From here on the tree loses what is no text.
    text, extractor = _text(tree, head, domain)
    if other := stand_in(head, html, text):
        raise Unfit(*other)
    return Content(text, metadata, cited, head.lang, charset, licence, extractor, part)


def _laid_out(tree: Any, layout: Layout | None) -> Any:
    """Returns what a publisher's layout leaves of a page, the page itself where there is no layout."""
    try:
        return tree if layout is None else apply_layout(tree, layout)
    except GonerdError as error:
        raise Unfit("layout", str(error)) from error


def parse(html: str) -> Any:
    """Parses a page, or a fragment of one; returns None if nothing is in it."""
    tree = trafilatura.load_html(html)
    if tree is None and html.strip():  # which is refused by trafilatura if it is but one element
        with contextlib.suppress(lxml.etree.ParserError):
            tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=_parser())
    return tree


@cache
def _parser() -> Any:
    return lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def _text(tree: Any, head: Head, domain: str) -> tuple[str, str]:
    """Returns the text of a page and the name of what found it."""
    headlines = (*head.headings, *head.titles, head.meta("og:title"), stated_text(head.nodes, "headline"))
    if domain == "legal" or is_bare(tree):
        text = legal_text(tree) or ""
        if domain == "news":
            text = "\n".join(running_lines(text, headlines))
        if text:
            return normalize(text).strip(), extractor_name("lxml")
    text = main_text(
        tree,
        headlines=headlines,
        descriptions=(stated_text(head.nodes, "description"), *(head.meta(name) for name in _DESCRIPTIONS)),
        article_body=stated_text(head.nodes, "articleBody"),
    )
    return normalize(text).strip(), EXTRACTOR
