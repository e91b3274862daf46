"""Find Case Law: judgments of English, Welsh and UK courts and tribunals, by The National Archives.

The Open Justice Licence lets judgments be copied and published, and it does not permit computational analysis:
searching them in bulk to find, extract or enrich what they hold takes a licence of its own, free, on application,
before the crawl (https://caselaw.nationalarchives.gov.uk/re-use-find-case-law-records/licence-application-process).
Rate limits are stated in the documentation of the API (https://nationalarchives.github.io/ds-find-caselaw-docs/public).
"""

from __future__ import annotations

from gonerd.crawl.sources import SOURCES, Discovery, Layout, Licence, Source

SOURCES.register("find_case_law")(
    Source(
        name="find_case_law",
        title="Find Case Law, The National Archives",
        domain="legal",
        hosts=("caselaw.nationalarchives.gov.uk",),
        discovery=(
            Discovery(
                "feed",
                "https://caselaw.nationalarchives.gov.uk/atom.xml?per_page=50&order=-date",
                {"follow": "next"},
            ),
        ),
        licence=Licence(
            id="LicenseRef-Open-Justice-Licence",
            evidence="https://caselaw.nationalarchives.gov.uk/open-justice-licence",
            note="Does not permit computational analysis: apply for that licence before the crawl.",
            release="urls-only",
        ),
        delay=1.0,
        pages=r"https?://caselaw\.nationalarchives\.gov\.uk/(?:[a-z]+(?:/[a-z]+)?/\d{4}/\d+|[a-z]-[0-9a-z]+)",
        # The head's titles end in the names of service and archive; the heading is the name of the case.
        layouts=(Layout(remove='//head/title | //head/meta[@property="og:title"]'),),
    )
)
