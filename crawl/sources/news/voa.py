"""Voice of America, English service.

Its terms put what VOA produced exclusively in the public domain and except licensed material; the site carries much
wire copy (AP, AFP, Reuters) under its own address, so the licence is declared only for pages that credit no agency.
Earlier terms spoke of personal, non-commercial use. The site has published little since March 2025; its archive stands.
robots.txt names the sitemap and forbids paging through lists (`/*?p=*`).
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

_AGENCIES = "Associated Press|\\bAP\\b|Agence France|\\bAFP\\b|Reuters"
_WIRE = " | ".join(
    (
        f'//meta[translate(@name, "AUTHOR", "author")="author"][re:test(@content, "{_AGENCIES}")]',
        f'//*[contains(@class, "links__item-link") or contains(@class, "byline")][re:test(., "{_AGENCIES}")]',
        f'//script[@type="application/ld+json"][re:test(., "author.{{0,200}}({_AGENCIES})")]',
        # The credit in the last line: "Some information for this report came from …".
        f'//p[contains(., "for this report")][re:test(., "{_AGENCIES}")]',
    )
)

SOURCES.register("voa")(
    Source(
        name="voa",
        title="Voice of America",
        domain="news",
        hosts=("www.voanews.com",),
        discovery=(Discovery("sitemap", "https://www.voanews.com/sitemap.xml"),),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.voanews.com/p/5338.html",
            note="Text produced exclusively by VOA; copy and pictures of AP, AFP and Reuters are excepted.",
            excepted=_WIRE,
        ),
        pages=r"https?://www\.voanews\.com/a/(?:[^/?#]+/)?\d+\.html",
    )
)
