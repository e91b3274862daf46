"""360info: research explained by its authors, an open newswire.

Every article ends with the words under which it may be republished. The feed holds the newest articles alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("info360")(
    Source(
        name="info360",
        title="360info",
        domain="news",
        hosts=("360info.org",),
        discovery=(Discovery("feed", "https://360info.org/feed/"),),
        licence=Licence(
            id="CC-BY-4.0",
            evidence="https://360info.org/how-to-use-our-content/",
            note="Third-party material, such as pictures and charts, is excepted where it says so.",
        ),
        pages=r"https?://360info\.org/(?!category|tag|author|about|page|feed)[^/?#]+/?",
    )
)
