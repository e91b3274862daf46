"""A web page: what it says of itself, whether it stands in for something else, and its text."""

from __future__ import annotations

import contextlib
from datetime import date
from functools import cache
from importlib import import_module
from typing import Any

import lxml.etree
import lxml.html
import trafilatura

from gonerd.crawl.sources import Layout
from gonerd.text import normalize

from .addresses import cited_url
from .content import EXTRACTOR, Content, extractor_name
from .head import Head, read_head
from .legal import is_bare, legal_text
from .licences import licence_of
from .main_text import main_text, running_lines
from .metadata import read_metadata
from .parts import part_of
from .stand_ins import lost_page, stand_in
from .structured import stated_text
from .unfit import Unfit

_DESCRIPTIONS = ("og:description", "description", "twitter:description")


def read_html(
    html: str, *, url: str, charset: str, domain: str, crawled: date | None, layout: Layout | None
) -> Content:
    """Reads a page.

    Args:
        html: The page, decoded.
        url: The address that answered.
        charset: How it was decoded.
        domain: Domain of the crawl; legal pages are taken whole.
        crawled: Day on which it was fetched.
        layout: How its publisher built pages on that day, where that is known.

    Raises:
        Unfit: It holds nothing, or stands in for something else.
    """
    tree = parse(html)
    if tree is None:
        raise Unfit("no-text")
    head = read_head(tree)
    if lost := lost_page(head, tree):
        raise Unfit(*lost)
    cited = cited_url(tree, url)
    licence = licence_of(tree, cited, head.nodes)
    part = part_of(tree, url)
    metadata = read_metadata(head, tree, crawled)
    # From here on the tree loses what is no text.
    if layout is not None:
        laid_out = import_module("gonerd.crawl.sources.layouts").apply_layout(tree, layout)
        tree = tree if laid_out is None else laid_out
    text, extractor = _text(tree, head, domain)
    if other := stand_in(head, html, text):
        raise Unfit(*other)
    return Content(text, metadata, cited, head.lang, charset, licence, extractor, part)


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
