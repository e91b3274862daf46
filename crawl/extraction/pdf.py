"""PDF files to text: their characters by PDFium, in reading order, in paragraphs, without what every page repeats."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from gonerd.errors import needs_extra

from .columns import Line, Run, in_reading_order
from .metadata import Metadata, as_day, one_line
from .paragraphs import paragraphs
from .running_heads import body_of
from .unfit import Unfit

MAX_PAGES, MAX_SECONDS = 3000, 120.0
_KINDS = ("application/pdf", "application/x-pdf")
_START, _WITHIN = b"%PDF-", 1024
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "application/force-download")
# PDFium puts one of these where a word is broken at the end of a line.
_HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-", "\u00ad": "-", "\u2010": "-"})
_NEW_RUN = 1.2  # of the letters' height: a wider gap parts columns or cells, a narrower one words


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF file that was read.

    Attributes:
        text: A line for each paragraph, heading and list item.
        metadata: From the document's information dictionary.
        lang: The language that the file states, empty for none.
    """

    text: str
    metadata: Metadata
    lang: str = ""


def is_pdf(content_type: str, body: bytes) -> bool:
    """Whether a response is a PDF file: by its type, or by its beginning where the type says nothing."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _KINDS or (kind in _VAGUE and _START in body[:_WITHIN])


def read_pdf(body: bytes, crawled: date | None) -> Paper:
    """Reads a PDF file.

    Args:
        body: The file.
        crawled: Day on which it was fetched, which bounds the day that it states.

    Raises:
        Unfit: `pdf-encrypted`, `pdf-damaged`, `too-large` (pages), `timeout`, or `no-text` where it is pictures only.
    """
    with needs_extra("crawl"):
        import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(body)
    except pdfium.PdfiumError as error:
        # FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY
        locked = getattr(error, "err_code", None) in (4, 5) or "assword" in str(error)
        raise Unfit("pdf-encrypted" if locked else "pdf-damaged", str(error)) from error
    try:
        if len(document) > MAX_PAGES:
            raise Unfit("too-large", f"{len(document)} pages, more than {MAX_PAGES}")
        pages = list(_pages(document, pdfium))
        text = "\n".join(paragraphs(body_of(pages)))
        if not text:
            raise Unfit("no-text", f"{len(document)} pages without a text layer")
        return Paper(text, _metadata(document.get_metadata_dict(), crawled))
    except pdfium.PdfiumError as error:
        raise Unfit("pdf-damaged", str(error)) from error
    finally:
        document.close()


def _pages(document: Any, pdfium: Any) -> Iterator[list[Line]]:
    deadline = time.monotonic() + MAX_SECONDS
    for number in range(len(document)):
        if time.monotonic() > deadline:
            raise Unfit("timeout", f"{number} of {len(document)} pages after {MAX_SECONDS:.0f} s")
        page = document[number]
        text = page.get_textpage()
        yield in_reading_order(_runs(text.raw, text.count_chars(), pdfium.raw))
        text.close()
        page.close()


def _runs(text: Any, count: int, raw: Any) -> list[Run]:
    """Groups the characters of a page into runs: stretches on one line without a wide gap."""
    runs: list[Run] = []
    open_run: Run | None = None
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text, index)
        if code in (0, 13, 10) or 0xD800 <= code <= 0xDFFF:
            open_run = None if code in (13, 10) else open_run
            continue
        character = chr(code).translate(_HYPHENS)
        if character.isspace():
            if open_run is not None:
                open_run.text += " "
            continue
        raw.FPDFText_GetCharBox(text, index, left, right, bottom, top)
        size = raw.FPDFText_GetFontSize(text, index) or 1.0
        box = (left.value, right.value, bottom.value, top.value)
        if open_run is None or not open_run.goes_on(box, _NEW_RUN * max(size, open_run.size)):
            open_run = Run("", *box, size)
            runs.append(open_run)
        open_run.add(character, box)
    return [run for run in runs if run.text.strip()]


def _metadata(stated: dict[str, str], crawled: date | None) -> Metadata:
    found = Metadata()
    if title := one_line(stated.get("Title")):
        found.title, found.evidence["title"] = title, "PDF Title"
    if author := one_line(stated.get("Author")):
        found.author, found.evidence["author"] = author, "PDF Author"
    day = as_day((stated.get("CreationDate") or "").removeprefix("D:")[:8])
    if day and crawled and day > crawled:
        found.evidence["published"] = f"dropped: PDF CreationDate says {day}, after the crawl"
    elif day:
        found.published, found.evidence["published"] = day, "PDF CreationDate"
    return found
