"""The Federal Register: rules, proposed rules and notices of the agencies of the United States.

Programs are asked to keep to the API, so pages are the XML of the documents, which it names. The operators state
5 requests a second for the API and 1 for XML (usnationalarchives/federalregister-api-core#13). A query yields no more
than its first 2,000 documents; older ones take queries of their own (`conditions[publication_date][is]`).
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

from ._gpo import register_page

SOURCES.register("federal_register")(
    Source(
        name="federal_register",
        title="Federal Register",
        domain="legal",
        hosts=("www.federalregister.gov",),
        discovery=(
            Discovery(
                "json",
                "https://www.federalregister.gov/api/v1/documents.json?per_page=1000&order=newest"
                "&fields%5B%5D=full_text_xml_url&fields%5B%5D=publication_date",
                {
                    "items": "results",
                    "url": "full_text_xml_url",
                    "modified": "publication_date",
                    "next": "next_page_url",
                },
            ),
        ),
        licence=Licence(
            id="LicenseRef-US-Government-Work",
            evidence="https://www.ecfr.gov/current/title-1/section-2.6",
            note="1 CFR 2.6: anybody may reproduce or republish what appears in the Federal Register.",
        ),
        delay=1.0,
        pages=r"https?://www\.federalregister\.gov/documents/full_text/xml/\d{4}/\d{2}/\d{2}/[\w-]+\.xml",
        to_html=register_page,
    )
)
