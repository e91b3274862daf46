"""Litigation releases of the Securities and Exchange Commission: its civil suits in federal courts.

The SEC allows 10 requests a second in all and asks for a contact in the user agent
(https://www.sec.gov/about/webmaster-frequently-asked-questions#developers). The feed holds the newest releases alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("sec_litigation")(
    Source(
        name="sec_litigation",
        title="SEC litigation releases",
        domain="legal",
        hosts=("www.sec.gov",),
        discovery=(Discovery("feed", "https://www.sec.gov/enforcement-litigation/litigation-releases/rss"),),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.sec.gov/about/privacy-information",
            note="Information on sec.gov is public and may be copied; the SEC asks to be named.",
        ),
        delay=0.5,
        pages=r"https?://www\.sec\.gov/(?:enforcement-litigation/litigation-releases|litigation/litreleases)/[^?#]+",
    )
)
