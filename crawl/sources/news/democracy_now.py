"""Democracy Now!: transcripts of a daily news programme.

Every page states the licence at its foot. The feed holds the newest segments alone.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("democracy_now")(
    Source(
        name="democracy_now",
        title="Democracy Now!",
        domain="news",
        hosts=("www.democracynow.org",),
        discovery=(Discovery("feed", "https://www.democracynow.org/democracynow.rss"),),
        licence=Licence(
            id="CC-BY-NC-ND-3.0-US",
            evidence="https://www.democracynow.org/about",
            note="Non-commercial, unchanged; works of others in the programme are excepted.",
            release="urls-only",
        ),
        pages=r"https?://www\.democracynow\.org/\d{4}/\d{1,2}/\d{1,2}/[^/?#]+",
    )
)
