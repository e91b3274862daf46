"""NASA news releases: works of the United States government, not subject to copyright there (17 U.S.C. 105).

The feed holds the newest releases alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("nasa")(
    Source(
        name="nasa",
        title="NASA news releases",
        domain="news",
        hosts=("www.nasa.gov",),
        discovery=(Discovery("feed", "https://www.nasa.gov/news-release/feed/"),),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.nasa.gov/nasa-brand-center/images-and-media/",
            note="Material of others that NASA shows by permission is marked and excepted.",
        ),
        pages=r"https?://www\.nasa\.gov/news-release/[^/?#]+/?",
    )
)
