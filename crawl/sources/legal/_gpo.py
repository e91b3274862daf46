"""Federal Register documents: the Government Publishing Office's XML as a web page.

The tags are those of the Federal Register XML user guide (https://www.govinfo.gov/bulkdata/FR/resources); of those not
named here the text is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from lxml import etree

from gonerd.crawl.sources.records import html_page
from gonerd.errors import GonerdError

# Page breaks, file marks and pictures of pages: printing, not text.
_PRINTING = frozenset({"PRTPAGE", "FTREF", "GID", "GPH", "BILCOD", "FRDOC", "STARS", "MATH"})
_PARAGRAPHS = frozenset(
    {"P", "FP", "AMDPAR", "DATED", "NAME", "TITLE", "AUTH", "CITA", "AGENCY", "SUBAGY", "CFR", "DEPDOC"}
    | {"RIN", "LDRWK", "TCAP", "PARTNO"}
)
_LEVELS = {"HED": "h2", "HD1": "h2", "HD2": "h3", "HD3": "h4"}
_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/([\w-]+)\.xml")


def register_page(body: bytes, url: str) -> str:
    """Renders a document: headings, paragraphs, tables, footnotes where they stand.

    Args:
        body: The XML.
        url: Its address, which holds day and number.

    Raises:
        GonerdError: It is no such XML.
    """
    try:
        root = etree.fromstring(body, parser=etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise GonerdError("the document is not XML") from error
    subject = root.find(".//SUBJECT")
    title = _text(subject) if subject is not None else ""
    day = _DAY.search(url)
    return html_page(
        "\n".join(_blocks(root, subject)),
        url=f"https://www.federalregister.gov/d/{day[4]}" if day else url,
        title=title,
        published="-".join(day.group(1, 2, 3)) if day else "",
    )


def _blocks(element: Any, title: Any) -> Iterator[str]:
    for child in element.iterchildren(etree.Element):
        tag = child.tag
        if tag in _PRINTING or child is title:
            continue
        if tag == "HD":
            level = _LEVELS.get(child.get("SOURCE", ""), "h4")
            yield f"<{level}>{escape(_text(child))}</{level}>"
        elif tag == "SECTION":
            number, subject = child.find("SECTNO"), child.find("SUBJECT")
            heading = " ".join(_text(part) for part in (number, subject) if part is not None)
            yield f"<h3>{escape(heading)}</h3>"
            yield from _blocks(child, title)
        elif tag == "GPOTABLE":
            yield _table(child)
        elif tag in ("SECTNO", "SUBJECT") and element.tag == "SECTION":
            continue
        elif tag in _PARAGRAPHS or _holds_text(child):
            if text := _text(child):
                yield f"<p>{escape(text)}</p>"
        else:
            yield from _blocks(child, title)


def _holds_text(element: Any) -> bool:
    return any(piece and piece.strip() for piece in (element.text, *(child.tail for child in element)))


def _table(table: Any) -> str:
    rows = [_cells(table.findall("BOXHD/CHED"), "th"), *(_cells(row.findall("ENT"), "td") for row in table.iter("ROW"))]
    above, below = table.findall("TTITLE"), [part for part in table if part.tag not in ("TTITLE", "BOXHD", "ROW")]
    return f"{_notes(above)}<table>{''.join(rows)}</table>{_notes(below)}"


def _notes(elements: list[Any]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in map(_text, elements) if text)


def _cells(cells: list[Any], tag: str) -> str:
    inside = "".join(f"<{tag}>{escape(_text(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>" if inside else ""


def _text(element: Any) -> str:
    """Returns the text of an element with its emphasised parts, without what belongs to printing."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Any) -> Iterator[str]:
    if isinstance(element.tag, str) and element.tag not in _PRINTING:
        yield element.text or ""
        for child in element:
            yield from _pieces(child)
            yield child.tail or ""
