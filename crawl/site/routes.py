"""The demo site: what it answers to each address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .answers import Answer, Query, View, redirect
from .derived import parts_of, wire_copy
from .documents import SitePage
from .listings import Listings, sitemap_of
from .oddities import ATOM, FORBIDDEN, LOOP, LOST, PAYWALLED, PRESS_KIT, RSS, SCAN, oddities
from .plain import PLAIN_PAGES
from .publications import Publication, publication_of
from .rendering import Renderer

_HTML, _XML = "text/html", "application/xml"
_NEWS, _LEGAL = publication_of("news"), publication_of("legal")


class Site:
    """The demo site; everything is rendered when it is asked for.

    Args:
        pages: Its pages.
        base: Its address without final slash; sitemaps and feeds need absolute links.
    """

    def __init__(self, pages: Iterable[SitePage], base: str) -> None:
        pages = list(pages)
        self._listings = Listings(pages, oddities(pages))
        self._sections = self._listings.sections
        self._render = Renderer(self._sections, base)
        self._views: dict[str, View] = {**self._furniture(), **self._machine_readable(), **self._odd()}
        for page in pages:
            self._add(page)

    def answer(self, target: str) -> Answer:
        """Answers a request.

        Args:
            target: The path asked for, with its query; parameters that mean nothing here are passed over.
        """
        try:
            parts = urlsplit(target)
        except ValueError as error:
            return Answer("text/plain; charset=utf-8", f"malformed address: {error}\n".encode(), HTTPStatus.BAD_REQUEST)
        path = unquote(parts.path)
        if path != "/" and path.endswith("/") and path.rstrip("/") in self._views:
            return redirect(quote(path.rstrip("/")))
        view = self._views.get(path)
        found = view(dict(parse_qsl(parts.query))) if view else None
        return found or replace(self._lost(), status=HTTPStatus.NOT_FOUND)

    def _add(self, page: SitePage) -> None:
        self._views[page.path] = partial(self._article, (page, *parts_of(page)))
        if page.pdf:
            typeset = cache(partial(self._render.pdf, page))
            self._views[f"{page.path}.pdf"] = lambda query: typeset()
        if page.wire:
            self._add(wire_copy(page))

    def _article(self, whole_and_parts: tuple[SitePage, ...], query: Query) -> Answer | None:
        wanted = query.get("part", "0")
        known = {str(page.part): page for page in whole_and_parts}
        return self._render.article(known[wanted]) if wanted in known else None

    def _furniture(self) -> dict[str, View]:
        views: dict[str, View] = {"/": lambda query: self._list("Front page", self._sections, robots="noarchive")}
        for name in self._sections:
            views[f"/{name}"] = partial(self._front, name)
        for layout in (_NEWS, _LEGAL):
            views[f"/static/{layout.layout}.svg"] = self._file("image/svg+xml", "logo.svg.j2", layout)
        views["/static/picture.svg"] = self._file("image/svg+xml", "picture.svg.j2")
        views["/static/site.css"] = self._file("text/css", "site.css.j2")
        views["/search"] = self._search
        return views | {path: partial(self._plain, page) for path, page in PLAIN_PAGES.items()}

    def _machine_readable(self) -> dict[str, View]:
        lists = self._listings
        views: dict[str, View] = {
            "/robots.txt": self._file("text/plain", "robots.txt.j2"),
            "/sitemap.xml": self._file(_XML, "sitemap_index.xml.j2"),
            RSS: lambda query: self._render.answer("application/rss+xml", "feed.xml.j2", _NEWS, pages=lists.rss()),
            ATOM: lambda query: self._render.answer(
                "application/atom+xml", "filings.atom.j2", _LEGAL, pages=lists.atom()
            ),
        }
        return views | {sitemap_of(name): partial(self._sitemap, name) for name in self._sections}

    def _odd(self) -> dict[str, View]:
        there, back = LOOP
        views: dict[str, View] = {
            PAYWALLED.path: lambda query: self._render.article(PAYWALLED, paywalled=True),
            there.path: lambda query: redirect(back.address),
            back.path: lambda query: redirect(there.address, HTTPStatus.FOUND),
            LOST.path: lambda query: self._lost(),
            SCAN.path: lambda query: self._render.article(SCAN, template="scan"),
        }
        return views | {page.path: partial(self._plain, page) for page in (*FORBIDDEN, PRESS_KIT)}

    def _file(self, kind: str, template: str, publication: Publication = _NEWS) -> View:
        return lambda query: self._render.answer(kind, template, publication)

    def _sitemap(self, section: str, query: Query) -> Answer:
        template = "news_sitemap.xml.j2" if section == "news" else "sitemap.xml.j2"
        return self._render.answer(_XML, template, publication_of(section), pages=self._listings.sitemap(section))

    def _front(self, section: str, query: Query) -> Answer:
        return self._list(section.capitalize(), {section: self._listings.sitemap(section)}, section=section)

    def _list(
        self, title: str, lists: dict[str, list[SitePage]], *, section: str = "news", robots: str = "index"
    ) -> Answer:
        publication = publication_of(section)
        return self._render.answer(_HTML, "list.html.j2", publication, title=title, lists=lists, robots=robots)

    def _search(self, query: Query) -> Answer:
        words = query.get("q", "").casefold()
        found = [page for pages in self._sections.values() for page in pages if words in page.title.casefold()]
        return self._list("Search", {"found": found}, robots="noindex")

    def _plain(self, page: SitePage, query: Query) -> Answer:
        return self._render.answer(_HTML, "plain.html.j2", _NEWS, page=page, robots="noarchive")

    def _lost(self) -> Answer:
        return self._render.answer(_HTML, "lost.html.j2", _LEGAL)
