"""The Conversation: researchers writing with journalists; the English editions.

News sitemaps hold the last days. The archive of an edition and year is a sitemap of its own, for instance
`--sitemap https://theconversation.com/us/sitemap_archive_2024.xml`.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

SOURCES.register("the_conversation")(
    Source(
        name="the_conversation",
        title="The Conversation",
        domain="news",
        hosts=("theconversation.com",),
        discovery=(
            Discovery("sitemap", "https://theconversation.com/us/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/uk/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/au/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/ca/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/nz/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/africa/sitemap_news.xml"),
            Discovery("sitemap", "https://theconversation.com/global/sitemap_news.xml"),
        ),
        licence=Licence(
            id="CC-BY-ND-4.0",
            evidence="https://theconversation.com/us/republishing-guidelines",
            note="No changed copies, and masking changes a text; pictures are excepted.",
            release="urls-only",
        ),
        pages=r"https?://theconversation\.com/(?!institutions/|profiles/|topics/|partners/)[a-z0-9-]+-\d{4,}",
    )
)
