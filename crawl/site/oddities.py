"""What is odd about the site, where it is listed, and what should become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .derived import parts_of, pdf_edition, wire_copy
from .documents import Block, SitePage, load_pages

NEWS_SITEMAP, LEGAL_SITEMAP, RSS, ATOM = "/news-sitemap.xml", "/legal-sitemap.xml", "/feed.xml", "/filings.atom"


@dataclass(frozen=True, slots=True)
class Oddity:
    """A page that a naive crawler or extractor gets wrong.

    Attributes:
        kind: What is odd about it.
        page: What listings say of it, and its address.
        listings: Paths of the sitemaps and feeds that list it.
        stage: Which stage should turn it away, "crawl" or "extract"; None if it should become a document.
        reason: The reason that stage should count.
    """

    kind: str
    page: SitePage
    listings: tuple[str, ...] = ()
    stage: str | None = None
    reason: str | None = None


def _invented(section: str, slug: str, title: str, day: date, description: str, *paragraphs: str) -> SitePage:
    blocks = tuple(Block("p", (paragraph,)) for paragraph in paragraphs)
    byline = "Ottoline Carrow-Bászna" if section == "news" else "Office of the Registrar"
    return SitePage(slug, section, title, byline, day, description, "", blocks)


PAYWALLED = _invented(
    "news",
    "lisson-bequest-stamps",
    "The Lisson bequest: how a lighthouse keeper’s stamps came to own a street",
    date(2025, 3, 14),
    "Eleven houses in Oban, one album and a nephew nobody had met.",
    "When Ebenezer Lisson left the light at Rubha Dearg for the last time, in the autumn of 1974, he carried a "
    "suitcase, a kettle and an album of stamps that his successor took for wallpaper samples. The album now owns "
    "eleven houses in Oban, and the nephew who says that it should not has asked three courts to open it.",
)
LOOP = (
    _invented("news", "amp/harbour-rates-vote", "Harbour rates vote put off again", date(2025, 1, 9), "In brief."),
    _invented("news", "print/harbour-rates-vote", "Harbour rates vote put off again", date(2025, 1, 9), "In brief."),
)
LOST = _invented(
    "legal", "order-continuing-hearing-8116", "Order continuing hearing", date(2024, 2, 7), "Withdrawn from the docket."
)
SCAN = _invented(
    "legal", "notice-of-sale-scanned", "Notice of sale (scanned copy)", date(2024, 7, 30), "One page, image only."
)
FORBIDDEN = (
    _invented(
        "private",
        "sealed-docket",
        "Sealed docket, index of entries",
        date(2025, 5, 5),
        "For parties and counsel of record.",
        "Entries on this index are sealed by order of the registrar. Parties and counsel of record may inspect them at "
        "the counter on weekdays between nine and four, on showing the notice of appearance filed in the matter.",
    ),
    _invented(
        "private",
        "drafts",
        "Drafts held for the night desk",
        date(2025, 5, 6),
        "Unpublished copy.",
        "Copy on this page has not been read by the desk and must not be quoted. The night editor clears the list at "
        "half past five, after which anything left on it goes back to the reporter who filed it.",
    ),
)
PRESS_KIT = _invented(
    "private",
    "press-kit",
    "Press kit",
    date(2025, 5, 7),
    "The one page of the area that robots.txt allows.",
    "The Gonerd Courier and the Gonerd Registry are published by the same invented company from the same invented "
    "building. Their logos may be shown beside any mention of them, at any size, in the colours they are drawn in.",
)


def oddities(pages: Iterable[SitePage] | None = None) -> list[Oddity]:
    """Lists everything odd on a site.

    Args:
        pages: The site's pages, whose front matter says which are cut, sold, sent in another encoding or printed; the
            embedded ones when None.
    """
    found = [
        Oddity("paywall", PAYWALLED, (NEWS_SITEMAP,), "extract", "paywall"),
        Oddity("redirect-loop", LOOP[0], (NEWS_SITEMAP,), "crawl", "redirects"),
        Oddity("redirect-loop", LOOP[1], (), "crawl", "redirects"),
        Oddity("soft-404", LOST, (LEGAL_SITEMAP,), "extract", "soft-404"),
        Oddity("image-only", SCAN, (LEGAL_SITEMAP,), "extract", "too-short"),
        Oddity("forbidden", FORBIDDEN[0], (ATOM,), "crawl", "robots"),
        Oddity("forbidden", FORBIDDEN[1], (), "crawl", "robots"),
        Oddity("allowed-exception", PRESS_KIT),
    ]
    for page in load_pages() if pages is None else pages:
        first, *further = parts_of(page) or (None,)
        found += [Oddity("part", first, (RSS,))] if first else []
        found += [Oddity("part", part, (RSS,), "extract", "joined") for part in further]
        if page.wire:
            found.append(Oddity("syndicated", wire_copy(page), (RSS,), "extract", "near-duplicate"))
        if page.pdf:
            # Its text is that of the page, to the letter.
            found.append(Oddity("pdf", pdf_edition(page), (ATOM,), "extract", "duplicate-text"))
        if page.encoding != "utf-8":
            found.append(Oddity("encoding", page, _ordinary_listings(page)))
    return found


def _ordinary_listings(page: SitePage) -> tuple[str, ...]:
    feeds = {"news": (RSS,) if page.parts == 1 else (), "legal": (ATOM,)}
    return (f"/{page.section}-sitemap.xml", *feeds.get(page.section, ()))
