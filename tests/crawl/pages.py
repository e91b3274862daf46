"""Pages for the tests of the extraction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gonerd.crawl.extraction.page import Page, Unfit, extract_page
from gonerd.records import Document

SENTENCE = "The commission heard Élodie Marchetti of Saint-Brévin for two hours on the price of salted herring. "


def page_of(body: bytes | str, **changes: Any) -> Page:
    values: dict[str, Any] = {
        "url": "https://example.org/a", "status": 200, "content_type": "text/html; charset=utf-8",
        "body": body.encode() if isinstance(body, str) else body, "fetched": datetime(2025, 3, 1, tzinfo=UTC),
        "domain": "news", "source": None, "warc_file": "x.warc.gz", "record_id": "<urn:uuid:1>",
    }  # fmt: skip
    return Page(**{**values, **changes})


def document_of(body: bytes | str, **changes: Any) -> Document:
    return extract_page(page_of(body, **changes)).document


def reason_of(body: bytes | str, **changes: Any) -> str | None:
    try:
        extract_page(page_of(body, **changes))
    except Unfit as unfit:
        return unfit.reason
    return None


def paragraphs(count: int, label: str = "Part") -> list[str]:
    return [f"{SENTENCE}{label} {n}." for n in range(count)]


def html_of(*blocks: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{''.join(blocks)}</body></html>"


def as_p(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)
