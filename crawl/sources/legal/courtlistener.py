"""Opinions of American courts in CourtListener, by the Free Law Project (REST API v4).

The API wants an account's key in COURTLISTENER_TOKEN and throttles by account; 429 says for how long. Pages are
records of single opinions (https://www.courtlistener.com/help/api/rest/case-law/). Such a record names neither the
case, but for its own address, nor the day of the decision; those stand in the cluster that it points to. The title is
made from the address, and the day stays unknown rather than be taken from when the record was made.
"""

from __future__ import annotations

import re

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source
from gonerd.crawl.sources.records import html_page, json_record, paragraphs, text_of
from gonerd.errors import GonerdError

_SITE = "https://www.courtlistener.com"
# The order in which the API's documentation advises to take the text; the last is no HTML.
_HTML_FIELDS = ("html_with_citations", "html_columbia", "html_lawbox", "xml_harvard", "html_anon_2020", "html")
_SLUG = re.compile(r"/opinion/\d+/([^/]+)/?")


def opinion_page(body: bytes, url: str) -> str:
    """Renders an opinion.

    Raises:
        GonerdError: The record holds no text.
    """
    record = json_record(body)
    address = text_of(record, "absolute_url")
    content = next(filter(None, (text_of(record, name) for name in _HTML_FIELDS)), "")
    content = content or paragraphs(text_of(record, "plain_text"))
    if not content:
        raise GonerdError("the opinion has no text")
    return html_page(
        content,
        url=_SITE + address if address.startswith("/") else url,
        title=text_of(record, "case_name") or _case_name(address),
        author=text_of(record, "author_str"),
    )


def _case_name(address: str) -> str:
    slug = _SLUG.search(address)
    words = slug[1].split("-") if slug else []
    return " ".join("v." if word == "v" else word.capitalize() for word in words)


SOURCES.register("courtlistener")(
    Source(
        name="courtlistener",
        title="CourtListener opinions",
        domain="legal",
        hosts=("www.courtlistener.com",),
        discovery=(
            Discovery(
                "json",
                # Without `format` the API answers a crawler, which accepts HTML, with its pages for browsers.
                f"{_SITE}/api/rest/v4/opinions/?format=json&order_by=-date_modified&fields=resource_uri,date_modified",
                {
                    "items": "results",
                    "url": "resource_uri",
                    "match": r"([^?]+/opinions/\d+/)(?:\?.*)?",
                    "address": r"\1?format=json",
                    "modified": "date_modified",
                    "next": "next",
                },
            ),
        ),
        licence=Licence(
            id="CC-PDM-1.0",
            evidence="https://www.courtlistener.com/help/api/bulk-data/",
            note="Opinions of courts bear no copyright in the United States; head notes of publishers are not in them.",
        ),
        pages=r"https?://www\.courtlistener\.com/api/rest/v4/opinions/\d+/(?:\?format=json)?",
        token="COURTLISTENER_TOKEN",
        token_header=("Authorization", "Token {token}"),
        to_html=opinion_page,
    )
)
