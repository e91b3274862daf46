"""Futurity: research news of universities.

Articles may be shared under CC BY 4.0, which each of them states. The feed holds the newest articles alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("futurity")(
    Source(
        name="futurity",
        title="Futurity",
        domain="news",
        hosts=("www.futurity.org",),
        discovery=(Discovery("feed", "https://www.futurity.org/feed/"),),
        licence=Licence(
            id="CC-BY-4.0",
            evidence="https://www.futurity.org/about/",
            note="Pictures are excepted where they credit somebody else.",
        ),
        pages=r"https?://www\.futurity\.org/[a-z0-9-]+-\d{4,}(?:-\d)?/?",
    )
)
