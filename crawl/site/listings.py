"""Which pages each sitemap and feed of the site lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .documents import SitePage
from .oddities import ATOM, RSS, Oddity


class Listings:
    """The sitemaps and feeds of a site.

    Args:
        pages: Its pages.
        odd: Its oddities, which say themselves where they are listed.

    Attributes:
        sections: The pages of each section, newest first.
    """

    def __init__(self, pages: Iterable[SitePage], odd: Sequence[Oddity]) -> None:
        self._odd = odd
        self.sections: dict[str, list[SitePage]] = {}
        for page in sorted(pages, key=lambda page: page.section):
            self.sections.setdefault(page.section, []).append(page)
        self.sections = {name: _newest_first(found) for name, found in self.sections.items()}

    def sitemap(self, section: str) -> list[SitePage]:
        """Returns what the sitemap of a section lists: every page of it, whole, and odd ones."""
        return self._with_odd(self.sections[section], sitemap_of(section))

    def rss(self) -> list[SitePage]:
        """Returns what the feed of the news lists: a page that can be read in parts by its parts."""
        return self._with_odd([page for page in self.sections.get("news", []) if page.parts == 1], RSS)

    def atom(self) -> list[SitePage]:
        """Returns what the feed of the filings lists."""
        return self._with_odd(self.sections.get("legal", []), ATOM)

    def _with_odd(self, pages: list[SitePage], listing: str) -> list[SitePage]:
        found = {page.address: page for page in pages}
        found |= {one.page.address: one.page for one in self._odd if listing in one.listings}
        return _newest_first(found.values())


def sitemap_of(section: str) -> str:
    """Returns the path of a section's sitemap."""
    return f"/{section}-sitemap.xml"


def _newest_first(pages: Iterable[SitePage]) -> list[SitePage]:
    return sorted(pages, key=lambda page: (-page.published.toordinal(), page.address))
