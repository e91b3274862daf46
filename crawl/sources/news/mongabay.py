"""Mongabay: conservation and environment, the English edition.

Articles offer themselves for republication unchanged. The feed holds the newest articles alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("mongabay")(
    Source(
        name="mongabay",
        title="Mongabay",
        domain="news",
        hosts=("news.mongabay.com",),
        discovery=(Discovery("feed", "https://news.mongabay.com/feed/"),),
        licence=Licence(
            id="CC-BY-ND-4.0",
            evidence="https://news.mongabay.com/",
            note="No changed copies; below an article stands whether it may be republished.",
            release="urls-only",
        ),
        pages=r"https?://news\.mongabay\.com/\d{4}/\d{2}/[^/?#]+/?",
    )
)
