"""One page: from its HTML to a document, or to the reason why there is none."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import trafilatura

from gonerd.crawl.hosts import host_of
from gonerd.records import Document
from gonerd.text import normalize

from .addresses import cited_url, document_id
from .charset import decode
from .licences import licence_of
from .stand_ins import stand_in
from .structured import stated_authors

EXTRACTOR = f"trafilatura-{trafilatura.__version__}"
MIN_CHARACTERS = 200
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")


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


class Unfit(Exception):
    """A page that becomes no document.

    Attributes:
        reason: Short reason that is counted.
        detail: What exactly was wrong.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def is_html(content_type: str, body: bytes) -> bool:
    """Whether a response is a web page: by its type, or by its beginning where no type is stated."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HTML_TYPES if kind else bool(_HTML_START.match(body[:1024]))


def to_document(page: Page) -> Document:
    """Extracts the document.

    Raises:
        Unfit: There is none; the exception says why.
    """
    if page.status != 200:
        raise Unfit(f"http-{page.status}")
    if not is_html(page.content_type, page.body):
        raise Unfit("not-html", page.content_type or "no content type")
    html = decode(page.body, page.content_type)
    if html is None:
        raise Unfit("undecodable", page.content_type)
    tree = trafilatura.load_html(html)
    found = None if tree is None else _main_text(tree, page)
    text = normalize(found.text or "").strip() if found else ""
    if tree is not None and (other := stand_in(tree, text)):
        raise Unfit(*other)
    if tree is None or found is None or not text:
        raise Unfit("no-text")
    if len(text) < MIN_CHARACTERS:
        raise Unfit("too-short", f"{len(text)} characters")
    url = cited_url(tree, page.url)
    licence, evidence = licence_of(tree, url)
    return Document(
        id=document_id(url),
        text=text,
        url=url,
        source=page.source or host_of(url),
        domain=page.domain,
        title=_line(found.title),
        author=_line("; ".join(stated_authors(tree)) or found.author),
        published=_day(found.date),
        fetched=page.fetched,
        language=_language(tree),
        license=licence,
        license_evidence=evidence,
        warc_file=page.warc_file,
        warc_record_id=page.record_id,
        extractor=EXTRACTOR,
    )


def _main_text(tree: Any, page: Page) -> Any:
    # Without the extensive search only stated dates count, no year picked from the running text; and the
    # day of the fetch, not today, bounds them, so that the same WARC gives the same documents for ever.
    dates: dict[str, Any] = {"original_date": True, "extensive_search": False}
    if page.fetched:
        dates["max_date"] = page.fetched.date().isoformat()
    try:
        return trafilatura.bare_extraction(
            tree,
            url=page.url,
            favor_precision=True,
            include_comments=False,
            include_tables=True,
            deduplicate=False,
            with_metadata=True,
            date_extraction_params=dates,
        )
    except Exception as error:  # foreign HTML against a big library: one page must not end the run
        raise Unfit("extractor-error", f"{type(error).__name__}: {error}") from error


def _line(value: str | None) -> str | None:
    return normalize(" ".join(value.split())) if value and value.strip() else None


def _day(value: str | None) -> date | None:
    with contextlib.suppress(ValueError):
        return date.fromisoformat(value) if value else None
    return None


def _language(tree: Any) -> str | None:
    stated = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or tree.get("xml:lang") or ""
    match = _LANGUAGE.fullmatch(stated.strip())
    return match[1].lower() if match else None
