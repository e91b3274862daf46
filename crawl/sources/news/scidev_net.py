"""SciDev.Net, global edition: science and development, published by CABI.

Its policies put the written content under CC BY 3.0; other editions are in other languages. The feed holds the newest
articles alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("scidev_net")(
    Source(
        name="scidev_net",
        title="SciDev.Net",
        domain="news",
        hosts=("www.scidev.net",),
        discovery=(Discovery("feed", "https://www.scidev.net/global/feed/"),),
        licence=Licence(
            id="CC-BY-3.0",
            evidence="https://www.scidev.net/global/content/policies.html",
            note="Written content alone; pictures are excepted.",
        ),
        pages=r"https?://www\.scidev\.net/global/[a-z-]+/[^/?#]+/?",
    )
)
