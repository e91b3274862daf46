"""Press releases of the Federal Trade Commission: consumer protection and competition cases.

The feed holds the newest releases alone; addresses before the site was rebuilt lacked the part `/news`.
"""

from __future__ import annotations

from datetime import date

from gonerd.crawl.sources import SOURCES, Discovery, Layout, Licence, Source


def _of_class(name: str) -> str:
    return f'//*[contains(concat(" ", @class, " "), " {name} ")]'


SOURCES.register("ftc")(
    Source(
        name="ftc",
        title="Federal Trade Commission press releases",
        domain="legal",
        hosts=("www.ftc.gov",),
        discovery=(Discovery("feed", "https://www.ftc.gov/feeds/press-release.xml"),),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.copyright.gov/title17/92chap1.html#105",
            note="17 U.S.C. 105: works of the United States government; material of others is excepted.",
        ),
        pages=r"https?://www\.ftc\.gov/news-events/(?:news/)?press-releases/\d{4}/\d{2}/[^/?#]+",
        # Selectors, because contacts, cases and topics stand in the same article as the text, as paragraphs; on a short
        # release they outweigh it, and the generic extraction takes them for its end. The site went from Drupal 7 to 9
        # in early 2022, which renamed the field's class; pages fetched in the weeks between may be in either layout,
        # and those in the wrong one are rejected as "layout", not cut wrongly.
        layouts=(
            Layout(
                valid_until=date(2021, 12, 31),
                body=_of_class("field-name-body"),
                heading="//h1",
            ),
            Layout(
                body=_of_class("field--name-body"),
                heading="//h1",
            ),
        ),
    )
)
