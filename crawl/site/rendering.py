"""The demo site as a table from path to response."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gonerd.crawl.licences import licence_url

from .documents import SitePage

_RELATED = 4


@dataclass(frozen=True, slots=True)
class Publication:
    """The fictitious publication that a section poses as; further sections get a plain one."""

    host: str
    name: str
    kind: str
    motto: str


_PUBLICATIONS = {
    "news": Publication("courier.gonerd.example", "The Gonerd Courier", "NewsArticle", "News for nobody in particular"),
    "legal": Publication("registry.gonerd.example", "The Gonerd Registry", "Article", "Orders, opinions and notices"),
}


def publication_of(section: str) -> Publication:
    """Returns the publication of a section."""
    plain = Publication(f"{section}.gonerd.example", f"The Gonerd {section.title()}", "Article", f"All the {section}")
    return _PUBLICATIONS.get(section, plain)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(("html", "xml", "html.j2", "xml.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rfc822"] = lambda day: format_datetime(datetime.combine(day, time(6), UTC))
    environment.filters["words"] = lambda blocks: sum(len(re.findall(r"\S+", line)) for b in blocks for line in b.lines)
    return environment


def _article(page: SitePage) -> dict[str, Any]:
    publication = publication_of(page.section)
    return {
        "page": page,
        "publication": publication,
        "canonical": f"https://{publication.host}{page.path}",
        "licence_url": licence_url(page.license),
    }


def render_site(pages: Iterable[SitePage], base: str) -> dict[str, tuple[str, bytes]]:
    """Renders everything the site serves.

    Args:
        pages: The pages.
        base: Address of the site without final slash; sitemaps and the feed need absolute links.

    Returns:
        (content type, body) by path.
    """
    pages = list(pages)
    sections = {name: [page for page in pages if page.section == name] for name in sorted({p.section for p in pages})}
    environment = _environment()

    def render(template: str, **values: Any) -> bytes:
        return environment.get_template(template).render(base=base, sections=sections, **values).encode("utf-8")

    html, xml = "text/html; charset=utf-8", "application/xml; charset=utf-8"
    site = {
        "/": (html, render("index.html.j2")),
        "/robots.txt": ("text/plain; charset=utf-8", render("robots.txt.j2")),
        "/sitemap.xml": (xml, render("sitemap_index.xml.j2")),
        "/feed.xml": ("application/rss+xml; charset=utf-8", render("feed.xml.j2", pages=sections.get("news", []))),
    }
    for name, members in sections.items():
        site[f"/{name}-sitemap.xml"] = (xml, render("sitemap.xml.j2", pages=members))
        for page in members:
            related = [other for other in members if other is not page][:_RELATED]
            site[page.path] = (html, render("article.html.j2", related=related, **_article(page)))
    return site
