"""Press releases of the United States Department of Justice and its attorneys' offices.

The website stands behind a wall against programs; the API is open (https://www.justice.gov/developer) and holds the
whole text, so pages are its records. Times are seconds since 1970.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source
from gonerd.crawl.sources.records import html_page, json_record, text_of
from gonerd.errors import GonerdError

_SIZE = "50"


def release_page(body: bytes, url: str) -> str:
    """Renders a record; its text is HTML already.

    Raises:
        GonerdError: The answer holds no press release.
    """
    results = json_record(body).get("results")
    record: Any = results[0] if isinstance(results, list) and results else None
    if not isinstance(record, dict) or not text_of(record, "body"):
        raise GonerdError("the answer holds no press release with a text")
    return html_page(
        text_of(record, "body"),
        url=text_of(record, "url") or url,
        title=text_of(record, "title"),
        published=_day(record.get("date")),
    )


def _day(seconds: Any) -> str:
    with suppress(ValueError, TypeError, OverflowError, OSError):
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    return ""


SOURCES.register("justice_news")(
    Source(
        name="justice_news",
        title="U.S. Department of Justice, news",
        domain="legal",
        hosts=("www.justice.gov",),
        discovery=(
            Discovery(
                "json",
                f"https://www.justice.gov/api/v1/press_releases.json?pagesize={_SIZE}&page=0&sort=date&direction=DESC"
                "&fields=uuid,changed",
                {
                    "items": "results",
                    "url": "uuid",
                    "match": r"[0-9a-f-]+",
                    "address": r"https://www.justice.gov/api/v1/press_releases/\g<0>.json",
                    "modified": "changed",
                    "page": "page",
                    "first": "0",
                    "size": _SIZE,
                    "total": "metadata.resultset.count",
                },
            ),
        ),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.justice.gov/legalpolicies",
            note="Material of others is excepted where it says so.",
        ),
        delay=1.0,
        pages=r"https?://www\.justice\.gov/api/v1/press_releases/[0-9a-f-]+\.json",
        to_html=release_page,
    )
)
