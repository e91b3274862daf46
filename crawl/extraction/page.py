"""One page: from its bytes to a document, or to the reason why there is none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime

from gonerd.crawl.hosts import host_of
from gonerd.crawl.sources import Source, source_of
from gonerd.crawl.sources.licences import declared_licence
from gonerd.records import Document
from gonerd.text import normalize

from .addresses import document_id
from .charset import decode
from .content import EXTRACTOR as EXTRACTOR
from .content import Content, extractor_name
from .html_page import read_html
from .language import language_of
from .licences import UNKNOWN
from .parts import Extracted
from .pdf import is_pdf, read_pdf
from .unfit import Unfit as Unfit

MIN_CHARACTERS = 200
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HALVES = re.compile(r"[\ud800-\udfff]")
_HTML_START = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


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
        opt_out: The signal by which the page reserves its use (`gonerd.crawl.optout`); empty where it does not.
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
    opt_out: str = ""


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
    try:
        source = source_of(page.url, page.source)
        content = _pdf(page, source) if is_pdf(page.content_type, page.body) else _html(page, source)
        return Extracted(_document(page, source, content), content.part)
    except (Unfit, MemoryError):
        raise
    except Exception as error:  # foreign bytes against big libraries: one page must not end the run
        raise Unfit("extractor-error", f"{type(error).__name__}: {error}") from error


def _document(page: Page, source: Source | None, content: Content) -> Document:
    if not content.text:
        raise Unfit("no-text")
    if len(content.text) < MIN_CHARACTERS:
        raise Unfit("too-short", f"{len(content.text)} characters")
    licence, proof = content.licence
    found = content.metadata
    language, how = language_of(content.text, content.lang)
    evidence = {**found.evidence, "language": how, "charset": content.charset, "opt-out": page.opt_out}
    return Document(
        id=document_id(content.url),
        text=content.text,
        url=content.url,
        source=page.source or host_of(content.url),
        domain=page.domain,
        title=_sound(found.title),
        author=_sound(found.author),
        published=found.published,
        fetched=page.fetched,
        language=language,
        license=_sound(licence) or UNKNOWN,
        license_evidence=_sound(proof),
        warc_file=page.warc_file,
        warc_record_id=page.record_id,
        extractor=content.extractor,
        evidence=_sound(json.dumps({name: said for name, said in evidence.items() if said}, ensure_ascii=False)),
    )


def _sound(value: str | None) -> str | None:
    # JSON can spell halves of characters, which no file of ours can hold.
    return _HALVES.sub("\ufffd", value) if value else value


def _pdf(page: Page, source: Source | None) -> Content:
    paper = read_pdf(page.body, _crawled(page))
    known = source is not None and host_of(page.url) in source.hosts
    licence = declared_licence(source) if source is not None and known else (UNKNOWN, None)
    text, extractor = normalize(paper.text), extractor_name("pypdfium2")
    return Content(text, paper.metadata, page.url, paper.lang, "", licence, extractor)


def _html(page: Page, source: Source | None) -> Content:
    html, charset = _markup(page, source)
    return read_html(
        html,
        url=page.url,
        charset=charset,
        domain=page.domain,
        crawled=_crawled(page),
        source=source,
        record=not is_html(page.content_type, page.body),
    )


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


def _crawled(page: Page) -> date | None:
    return page.fetched.date() if page.fetched else None
