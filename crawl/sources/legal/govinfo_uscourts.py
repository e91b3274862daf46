"""Opinions of United States courts of appeals, district and bankruptcy courts in govinfo (collection USCOURTS).

The API wants a key of api.data.gov in DATA_GOV_API_KEY, which allows 1,000 requests an hour unless more is agreed
(https://api.data.gov/docs/rate-limits/). A package is a case, its granules are the documents in it; a collection lists
packages by when they changed, from the moment in its address on. Documents are PDF.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

_API = "https://api.govinfo.gov"

SOURCES.register("govinfo_uscourts")(
    Source(
        name="govinfo_uscourts",
        title="United States courts opinions, govinfo",
        domain="legal",
        hosts=("www.govinfo.gov", "api.govinfo.gov"),
        discovery=(
            Discovery(
                "json",
                f"{_API}/collections/USCOURTS/2024-01-01T00:00:00Z?offsetMark=%2A&pageSize=100",
                {
                    "listing-items": "packages",
                    "listing-url": "packageId",
                    "listing-match": r"USCOURTS-[\w.-]+",
                    "listing-address": rf"{_API}/packages/\g<0>/granules?offsetMark=%2A&pageSize=100",
                    "listing-modified": "lastModified",
                    "items": "granules",
                    "url": "granuleId",
                    "match": r"(USCOURTS-[\w.-]+)-\d+",
                    "address": r"https://www.govinfo.gov/content/pkg/\1/pdf/\g<0>.pdf",
                    "next": "nextPage",
                },
            ),
        ),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.govinfo.gov/about/policies",
            note="Works of federal judges; exhibits of parties that an opinion may append are excepted.",
        ),
        delay=3.6,
        pages=r"https?://www\.govinfo\.gov/content/pkg/USCOURTS-[\w.-]+/pdf/USCOURTS-[\w.-]+\.pdf",
        token="DATA_GOV_API_KEY",
        token_header=("X-Api-Key", "{token}"),
    )
)
