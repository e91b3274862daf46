"""Filings of listed companies with the Securities and Exchange Commission (EDGAR): current and annual reports.

The index lists every filing of the quarter; earlier ones lie beside it, for instance
`--seed edgar=https://www.sec.gov/Archives/edgar/full-index/2019/QTR3/master.idx`. A page is a complete submission, of
which the first document is the report. The SEC allows 10 requests a second in all and asks for a contact in the user
agent. Companies write their filings, so the texts are theirs.
"""

from __future__ import annotations

import re

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source
from gonerd.crawl.sources.records import html_page, paragraphs
from gonerd.errors import GonerdError

# The submission's envelope: SGML without closing tags, but for these (EDGAR PDS technical specification).
_DOCUMENT = re.compile(r"<DOCUMENT>\s*<TYPE>([^\n<]+).*?<TEXT>(.*?)</TEXT>", re.DOTALL | re.IGNORECASE)
_HEADER = re.compile(r"^\s*(FILED AS OF DATE|COMPANY CONFORMED NAME):\s*(\S.*?)\s*$", re.MULTILINE)
_BODY = re.compile(r"<body\b[^>]*>(.*?)(?:</body>|\Z)", re.DOTALL | re.IGNORECASE)
# Inline XBRL: hidden facts in front, marks around numbers and words that are text.
_HIDDEN_FACTS = re.compile(r"<ix:header\b.*?</ix:header>", re.DOTALL | re.IGNORECASE)
_MARKS = re.compile(r"</?(?:ix:[a-z]+|XBRL)\b[^>]*>", re.IGNORECASE)
_HTML = re.compile(r"<(?:html|body|div|p|table)\b", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


def filing_page(body: bytes, url: str) -> str:
    """Renders the first document of a submission.

    Raises:
        GonerdError: The response is no submission.
    """
    try:
        submission = body.decode("utf-8")
    except UnicodeDecodeError:
        submission = body.decode("windows-1252", errors="replace")
    document = _DOCUMENT.search(submission)
    if document is None:
        raise GonerdError("the response is no EDGAR submission: it holds no <DOCUMENT>")
    header: dict[str, str] = {}
    for name, value in _HEADER.findall(submission[: document.start()]):
        header.setdefault(name, value)
    day = _DAY.fullmatch(header.get("FILED AS OF DATE", ""))
    company = header.get("COMPANY CONFORMED NAME", "")
    return html_page(
        _content(document[2]),
        url=url,
        title=": ".join(part for part in (company, document[1].strip()) if part),
        published="-".join(day.groups()) if day else "",
    )


def _content(text: str) -> str:
    if not _HTML.search(text):
        return paragraphs(text)
    body = _BODY.search(text)
    return _MARKS.sub("", _HIDDEN_FACTS.sub("", body[1] if body else text))


SOURCES.register("sec_filings")(
    Source(
        name="sec_filings",
        title="SEC EDGAR filings",
        domain="legal",
        hosts=("www.sec.gov",),
        discovery=(
            Discovery("edgar", "https://www.sec.gov/Archives/edgar/full-index/master.idx", {"forms": "8-K,10-K"}),
        ),
        licence=Licence(
            id="LicenseRef-EDGAR-Filing",
            evidence="https://www.sec.gov/about/privacy-information",
            note="The SEC lets its site be copied; the filings are the companies' works and bear no licence.",
            release="urls-only",
        ),
        delay=0.5,
        pages=r"https?://www\.sec\.gov/Archives/edgar/data/\d+/[\d-]+\.txt",
        to_html=filing_page,
    )
)
