"""legislation.gov.uk: statutory instruments and acts of the United Kingdom, by The National Archives.

Feeds are paged (RFC 5005) and link every item in several formats
(https://legislation.github.io/data-documentation/formats/atom.html); the one taken is the website's view of the whole
item. The service keeps a fair use policy without a figure that we know.
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Layout, Licence, Source

_OPTIONS = {"link": r".+/data\.htm", "follow": "next"}

SOURCES.register("legislation_uk")(
    Source(
        name="legislation_uk",
        title="legislation.gov.uk",
        domain="legal",
        hosts=("www.legislation.gov.uk",),
        discovery=(
            Discovery("feed", "https://www.legislation.gov.uk/uksi/data.feed?sort=published", _OPTIONS),
            Discovery("feed", "https://www.legislation.gov.uk/ukpga/data.feed?sort=published", _OPTIONS),
        ),
        licence=Licence(
            id="OGL-UK-3.0",
            evidence="https://www.legislation.gov.uk/",
            note="Stated at the foot of every page; what others own in it is excepted.",
        ),
        pages=r"https?://www\.legislation\.gov\.uk/(?:uksi|ukpga)/\d{4}/\d+(?:/[a-z0-9-]+)*/data\.htm",
        # A selector, because the view explains itself (versions, options, timeline) in paragraphs and lists around the
        # text, which on a short instrument are longer than it.
        layouts=(Layout(body='//*[@id="viewLegContents"]', heading='//h1[@id="pageTitle"]'),),
    )
)
