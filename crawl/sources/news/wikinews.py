"""Wikinews, English edition.

Wikimedia's robots.txt closes `/w/` and `/wiki/Special:` to crawlers, the API and the feeds with them, and opens the
sitemap endpoint below; it has been seen to answer 403, so `gonerd crawl doctor` tells whether it serves. Where it does
not, the titles of the wiki's dump (https://dumps.wikimedia.org/enwikinews/) make a file for `--urls`.
A page states its licence itself: CC BY, before 25 September 2005 the public domain.
"""

from __future__ import annotations

from datetime import date

from gonerd.crawl.sources import SOURCES, Discovery, Layout, Licence, Source

_NAMESPACES = (
    "Talk|User|Wikinews|File|MediaWiki|Template|Help|Category|Portal|Comments|Module|Special|Draft|TimedText|WN"
)
_HEADING = '//h1[@id="firstHeading"]'
_FURNITURE = " | ".join(
    (
        '//*[contains(concat(" ", @class, " "), " infobox ")]',
        '//*[contains(concat(" ", @class, " "), " noprint ")]',
        '//*[contains(concat(" ", @class, " "), " mw-editsection ")]',
        '//*[@id="social_bookmarks" or @id="toc"]',
        # The head's titles end in the site's name; the heading is the title.
        '//head/title | //head/meta[@property="og:title"]',
    )
)

SOURCES.register("wikinews")(
    Source(
        name="wikinews",
        title="Wikinews",
        domain="news",
        hosts=("en.wikinews.org",),
        discovery=(Discovery("sitemap", "https://en.wikinews.org/w/rest.php/site/v1/sitemap/0"),),
        licence=Licence(
            id="CC-BY-2.5",
            evidence="https://en.wikinews.org/wiki/Wikinews:Copyright",
            note="Text before 25 September 2005 is in the public domain; pictures have licences of their own.",
        ),
        pages=rf"https?://en\.wikinews\.org/wiki/(?!(?:{_NAMESPACES})(?:_talk)?:)[^?#]+",
        # Selectors, because article, infobox, share box and "have your say" box are siblings in one element, and the
        # generic extraction takes the boxes for paragraphs. In the middle of 2017 MediaWiki 1.30 put a wrapper around
        # the parsed text; what stands outside it in the same element (category links, page status) is no text.
        layouts=(
            Layout(
                valid_until=date(2017, 6, 30),
                body='//*[@id="mw-content-text"]',
                remove=_FURNITURE,
                heading=_HEADING,
            ),
            Layout(
                body='//*[@id="mw-content-text"]//*[contains(concat(" ", @class, " "), " mw-parser-output ")]',
                remove=_FURNITURE,
                heading=_HEADING,
            ),
        ),
    )
)
