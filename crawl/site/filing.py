"""The PDF edition of a page, with a text layer, running headers and page numbers; the same bytes every time."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, time
from typing import Any

from gonerd.errors import needs_extra

from .documents import SitePage

# The fonts that every PDF reader brings along know this encoding alone.
_ENCODING = "windows-1252"
_FONT, _SIZE, _LINE = "Times", 11, 5.2
_BULLET = "• "


def _printable(text: str) -> str:
    """Returns `text` with each character that the fonts lack reduced to its base letter, or else to "?"."""
    return "".join(c if c.encode(_ENCODING, "ignore") else _base(c) for c in text)


def _base(character: str) -> str:
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


def filing_pdf(page: SitePage, registry: str) -> bytes:
    """Typesets a page.

    Args:
        page: The page.
        registry: Name of the publication, for the running header.

    Raises:
        GonerdError: The package that writes PDF is not installed.
    """
    pdf = _sheet(f"{registry}: {page.title}")
    pdf.core_fonts_encoding = _ENCODING
    pdf.set_title(page.title)
    pdf.set_author(page.byline)
    pdf.set_subject(page.description)
    pdf.set_lang("en-US")
    pdf.set_producer("The Gonerd Registry, filing desk")
    pdf.set_creation_date(datetime.combine(page.published, time(16, 30), UTC))
    pdf.set_margins(25, 22, 25)
    pdf.set_auto_page_break(auto=True, margin=22)
    pdf.add_page()
    for block in page.blocks:
        for line in block.lines:
            _write(pdf, block.kind, _printable(line))
    return bytes(pdf.output())


def _sheet(running: str) -> Any:
    with needs_extra("crawl"):
        from fpdf import FPDF  # a third of a second, so only when a filing is asked for

    class Sheet(FPDF):
        def header(self) -> None:
            self.set_font(_FONT, "I", 8)
            self.cell(0, 4, _printable(running), align="C", new_x="LMARGIN", new_y="NEXT")
            self.ln(4)

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font(_FONT, "", 8)
            self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="C")

    return Sheet(format="letter")


def _write(pdf: Any, kind: str, line: str) -> None:
    if kind == "h2":
        pdf.ln(2)
        pdf.start_section(line)
    pdf.set_font(_FONT, "B" if kind == "h2" else "", _SIZE)
    indent = 6 if kind == "ul" else 0
    pdf.set_x(pdf.l_margin + indent)
    text = _BULLET + line if kind == "ul" else line
    pdf.multi_cell(0, _LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(2.2)
