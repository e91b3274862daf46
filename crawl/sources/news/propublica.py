"""ProPublica: investigations.

The sitemap is an index of one sitemap a day.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("propublica")(
    Source(
        name="propublica",
        title="ProPublica",
        domain="news",
        hosts=("www.propublica.org",),
        discovery=(
            Discovery("sitemap", "https://www.propublica.org/sitemap.xml"),
            Discovery("feed", "https://www.propublica.org/feeds/propublica/main"),
        ),
        licence=Licence(
            id="CC-BY-NC-ND-3.0",
            evidence="https://www.propublica.org/steal-our-stories",
            note="Non-commercial, unchanged; pictures and stories of partners are excepted.",
            release="urls-only",
        ),
        pages=r"https?://www\.propublica\.org/article/[^/?#]+/?",
    )
)
