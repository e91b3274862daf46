"""Global Voices, English edition.

Everything by Global Voices is CC BY 3.0; stories that partners let it republish, and pictures, have terms of their own.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

_PARTNERS = (
    '//p[re:test(., "(originally|first) (published|appeared)", "i")]'
    ' | //p[re:test(., "republished .{0,200}(agreement|partnership|permission)", "i")]'
)

SOURCES.register("global_voices")(
    Source(
        name="global_voices",
        title="Global Voices",
        domain="news",
        hosts=("globalvoices.org",),
        discovery=(
            Discovery("sitemap", "https://globalvoices.org/sitemap.xml"),
            Discovery("feed", "https://globalvoices.org/feed/"),
        ),
        licence=Licence(
            id="CC-BY-3.0",
            evidence="https://globalvoices.org/about/global-voices-attribution-policy/",
            note="Stories republished from partners and pictures are excepted.",
            excepted=_PARTNERS,
        ),
        pages=r"https?://globalvoices\.org/\d{4}/\d{2}/\d{2}/[^/?#]+/?",
    )
)
