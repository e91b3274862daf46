"""Templates to answers."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gonerd.crawl.extraction.licences import licence_url

from .answers import Answer
from .documents import SitePage
from .filing import filing_pdf
from .furniture import furniture_of, moment_of
from .inline import marked, wrapped
from .linked_data import article_data, breadcrumb_data
from .publications import Publication, publication_of

# What such sites write at the head of a page in windows-1252, and what the web takes that name to mean.
_DECLARED = {"utf-8": "utf-8", "windows-1252": "iso-8859-1"}


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(("html.j2", "xml.j2", "atom.j2", "svg.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rfc822"] = format_datetime
    environment.globals.update(moment=moment_of, plain=str, marked=marked, wrapped=wrapped)
    return environment


class Renderer:
    """Renders the answers of one site.

    Args:
        sections: The site's pages by section.
        base: Address of the site without final slash; sitemaps and feeds need absolute links.
    """

    def __init__(self, sections: dict[str, list[SitePage]], base: str) -> None:
        self._sections, self._base = sections, base

    def text(self, template: str, publication: Publication, **values: Any) -> str:
        """Fills a template in."""
        values = {"charset": "utf-8", "base": self._base, "sections": self._sections, **values}
        return _environment().get_template(template).render(publication=publication, **values)

    def answer(self, kind: str, template: str, publication: Publication, **values: Any) -> Answer:
        """Fills a template in and answers with it, in UTF-8."""
        return Answer(f"{kind}; charset=utf-8", self.text(template, publication, **values).encode())

    def article(self, page: SitePage, *, template: str = "article", paywalled: bool = False) -> Answer:
        """Renders a page in the layout of its publication.

        Args:
            page: The page.
            template: What the name of the template ends with.
            paywalled: Whether the page is the beginning of a story for subscribers.
        """
        publication = publication_of(page.section)
        canonical = f"https://{publication.host}{page.address}"
        licence = licence_url(page.license) if page.license else ""
        furniture = furniture_of(page, publication.layout, self._others(page))
        html = self.text(
            f"{publication.layout}_{template}.html.j2",
            publication,
            page=page,
            canonical=canonical,
            licence=licence,
            charset=_DECLARED[page.encoding],
            paywalled=paywalled,
            breadcrumb_data=breadcrumb_data(page, publication, canonical),
            article_data=article_data(
                page, publication, canonical=canonical, licence=licence, furniture=furniture, paywalled=paywalled
            ),
            **furniture,
        )
        # The charset stands in the header of UTF-8 pages alone; of others, only the page itself speaks.
        kind = "text/html; charset=utf-8" if page.encoding == "utf-8" else "text/html"
        modified = format_datetime(furniture["modified"], usegmt=True)
        return Answer(kind, html.encode(page.encoding, "xmlcharrefreplace"), headers=(("Last-Modified", modified),))

    def pdf(self, page: SitePage) -> Answer:
        """Typesets the PDF edition of a page."""
        publication = publication_of(page.section)
        headers = (
            ("Content-Disposition", f'inline; filename="{page.slug}.pdf"'),
            ("Link", f'<https://{publication.host}{page.address}>; rel="canonical"'),
        )
        return Answer("application/pdf", filing_pdf(page, publication.name), headers=headers)

    def _others(self, page: SitePage) -> Sequence[SitePage]:
        section = page.section if page.section in self._sections else "news"
        return [other for other in self._sections.get(section, []) if other.path != page.path]
