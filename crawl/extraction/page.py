"""One page: from its bytes to a document, or to the reason why there is none."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import lxml.etree
import lxml.html
import trafilatura

from gonerd.crawl.hosts import host_of
from gonerd.crawl.sources import Layout, Source, source_of
from gonerd.crawl.sources.layouts import apply_layout
from gonerd.crawl.sources.licences import declared_licence
from gonerd.errors import GonerdError
from gonerd.records import Document
from gonerd.text import normalize

from .addresses import cited_url, document_id
from .charset import decode
from .head import Head, read_head
from .language import language_of
from .legal import is_bare, legal_text
from .licences import UNKNOWN, licence_of
from .main_text import main_text, running_lines
from .metadata import Metadata, read_metadata
from .parts import Extracted, Part, part_of
from .pdf import is_pdf, read_pdf
from .stand_ins import lost_page, stand_in
from .structured import stated_text
from .unfit import Unfit as Unfit

# Raised with every change of what is taken for the text of a page.
RULES = 2
EXTRACTOR = f"trafilatura-{trafilatura.__version__}+gonerd.{RULES}"
MIN_CHARACTERS = 200
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_DESCRIPTIONS = ("og:description", "description", "twitter:description")


@dataclass(frozen=True, slots=True)
class Page:
    """The final response of a page, as it stands in a WARC file.

    Attributes:
        url: The address that answered.
        status: HTTP status.
        content_type: HTTP header.
        body: Content without content encoding.
        fetched: When it was received.
        domain: Domain of the crawl.
        source: Name the crawl gave its source, if any.
        warc_file: Name of the WARC file.
        record_id: Id of the response record.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    fetched: datetime | None
    domain: str
    source: str | None
    warc_file: str
    record_id: str


@dataclass(frozen=True, slots=True)
class _Content:
    """What a page says, whatever its format."""

    text: str
    metadata: Metadata
    url: str
    lang: str
    charset: str
    licence: tuple[str, str | None]
    extractor: str
    part: Part | None = None


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a response is a web page: by its type, or by its beginning where no type is stated."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HTML_TYPES if kind else bool(_HTML_START.match(body[:1024]))


def to_document(page: Page) -> Document:
    """Extracts the document of a page; see `extract_page`."""
    return extract_page(page).document


def extract_page(page: Page) -> Extracted:
    """Extracts the document of a page, and which part of an article it is.

    Raises:
        Unfit: There is none; the exception says why.
    """
    if page.status != 200:
        raise Unfit(f"http-{page.status}")
    source = source_of(page.url, page.source)
    try:
        content = _pdf(page, source) if is_pdf(page.content_type, page.body) else _html(page, source)
    except (Unfit, MemoryError):
        raise
    except Exception as error:  # foreign bytes against big libraries: one page must not end the run
        raise Unfit("extractor-error", f"{type(error).__name__}: {error}") from error
    return Extracted(_document(page, source, content), content.part)


def _document(page: Page, source: Source | None, content: _Content) -> Document:
    licence, proof = content.licence
    found = content.metadata
    language, how = language_of(content.text, content.lang)
    evidence = {**found.evidence, "language": how, "charset": content.charset}
    return Document(
        id=document_id(content.url),
        text=content.text,
        url=content.url,
        source=page.source or host_of(content.url),
        domain=page.domain,
        title=found.title,
        author=found.author,
        published=found.published,
        fetched=page.fetched,
        language=language,
        license=licence,
        license_evidence=proof,
        warc_file=page.warc_file,
        warc_record_id=page.record_id,
        extractor=content.extractor,
        evidence=json.dumps({name: said for name, said in evidence.items() if said}, ensure_ascii=False),
    )


def _pdf(page: Page, source: Source | None) -> _Content:
    paper = read_pdf(page.body, _crawled(page))
    text = _checked(paper.text)
    extractor = f"{_named('pypdfium2')}+gonerd.{RULES}"
    return _Content(text, paper.metadata, page.url, paper.lang, "", _declared(page, source, None), extractor)


def _html(page: Page, source: Source | None) -> _Content:
    html, charset = _markup(page, source)
    whole = parse(html)
    if whole is None:
        raise Unfit("no-text")
    tree = _laid_out(whole, source.layout(_crawled(page)) if source else None)
    head = read_head(tree)
    if lost := lost_page(head, tree):
        raise Unfit(*lost)
    # A record of an API names the page that people read, wherever that lies.
    url = cited_url(tree, page.url, believed=not is_html(page.content_type, page.body))
    licence = licence_of(whole, url, head.nodes)
    if licence[0] == UNKNOWN:
        licence = _declared(page, source, whole)
    part = part_of(tree, page.url)
    metadata = read_metadata(head, tree, _crawled(page))
    text, extractor = _text(page, tree, head)
    if other := stand_in(head, html, text):
        raise Unfit(*other)
    return _Content(_checked(text), metadata, url, head.lang, charset, licence, extractor, part)


def _markup(page: Page, source: Source | None) -> tuple[str, str]:
    """Returns the HTML of a page and how its charset was told."""
    if is_html(page.content_type, page.body):
        decoded = decode(page.body, page.content_type)
        if decoded is None:
            raise Unfit("undecodable", page.content_type)
        return decoded.text, decoded.evidence
    if source is None or source.to_html is None:
        raise Unfit("not-html", page.content_type or "no content type")
    try:
        return source.to_html(page.body, page.url), f"as source {source.name} reads its records"
    except Exception as error:
        raise Unfit("source-record", f"{source.name}: {type(error).__name__}: {error}") from error


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


def _laid_out(tree: Any, layout: Layout | None) -> Any:
    """Returns what a publisher's layout leaves of a page, the page itself where there is no layout."""
    try:
        return tree if layout is None else apply_layout(tree, layout)
    except GonerdError as error:
        raise Unfit("layout", str(error)) from error


def _declared(page: Page, source: Source | None, tree: Any) -> tuple[str, str | None]:
    """Returns the licence that a publisher declares for pages on its own hosts."""
    if source is None or host_of(page.url) not in source.hosts:
        return UNKNOWN, None
    return declared_licence(source, tree)


def _text(page: Page, tree: Any, head: Head) -> tuple[str, str]:
    """Returns the text of a page and the name of what found it."""
    headlines = (*head.headings, *head.titles, head.meta("og:title"), stated_text(head.nodes, "headline"))
    if page.domain == "legal" or is_bare(tree):
        text = legal_text(tree) or ""
        if page.domain == "news":
            text = "\n".join(running_lines(text, headlines))
        if text:
            return normalize(text).strip(), f"{_named('lxml')}+gonerd.{RULES}"
    text = main_text(
        tree,
        headlines=headlines,
        descriptions=(stated_text(head.nodes, "description"), *(head.meta(name) for name in _DESCRIPTIONS)),
        article_body=stated_text(head.nodes, "articleBody"),
    )
    return normalize(text).strip(), EXTRACTOR


def _checked(text: str) -> str:
    if not text:
        raise Unfit("no-text")
    if len(text) < MIN_CHARACTERS:
        raise Unfit("too-short", f"{len(text)} characters")
    return text


def _crawled(page: Page) -> date | None:
    return page.fetched.date() if page.fetched else None


@cache
def _named(package: str) -> str:
    return f"{package}-{version(package)}"
