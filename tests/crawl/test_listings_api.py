"""Listings of publishers: JSON APIs in pages, paged feeds, news sitemaps, EDGAR's index."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonerd.crawl.listings import LISTINGS, Entry, Listing
from gonerd.errors import GonerdError, UsageError

API = "https://api.example.org/v1/items"
LARGE = 1 << 20
RECORDS = {"items": "results", "url": "url"}


def read(kind: str, answer: Any, options: dict[str, str], url: str = API) -> Listing:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return LISTINGS.get(kind).read(body, url, LARGE, options)


def walk(server: Callable[[str], Any], options: dict[str, str], url: str = API) -> tuple[list[str], list[str]]:
    """Reads page after page as a crawl does, and returns the addresses of the records and of the pages asked for."""
    asked: list[str] = []
    found: list[str] = []
    waiting = [url]
    while waiting:
        asked.append(waiting.pop(0))
        assert len(asked) < 100, "the pages have no end"
        listing = read("json", server(asked[-1]), options, asked[-1])
        found += [entry.url for entry in listing.pages]
        waiting += [entry.url for entry in (*listing.listings, *listing.following) if entry.url not in asked]
    return found, asked


def parameter(url: str, name: str, default: int) -> int:
    return int(parse_qs(urlsplit(url).query).get(name, [str(default)])[0])


@given(count=st.integers(0, 40), size=st.integers(1, 9), first=st.integers(0, 1), by_total=st.booleans())
def test_numbered_pages_are_read_once_each(count: int, size: int, first: int, by_total: bool) -> None:
    records = [{"url": f"https://example.org/{n}"} for n in range(count)]
    pages = -(-count // size)

    def server(url: str) -> Any:
        start = (parameter(url, "page", first) - first) * size
        return {"results": records[start : start + size], "meta": {"total": str(count), "pages": pages}}

    end = {"total": "meta.total", "size": str(size)} if by_total else {"pages": "meta.pages"}
    found, asked = walk(server, {**RECORDS, "page": "page", "first": str(first), **end}, f"{API}?sort=new")
    assert found == [record["url"] for record in records]
    assert len(asked) == max(pages, 1)


@given(count=st.integers(0, 40), size=st.integers(1, 9))
def test_offsets_are_read_once_each(count: int, size: int) -> None:
    records = [{"url": f"https://example.org/{n}"} for n in range(count)]

    def server(url: str) -> Any:
        start = parameter(url, "start", 0)
        return {"results": records[start : start + size], "total": count}

    found, asked = walk(server, {**RECORDS, "offset": "start", "total": "total"})
    assert found == [record["url"] for record in records]
    assert len(asked) == max(-(-count // size), 1)


@pytest.mark.parametrize(
    "options", [{"page": "page", "total": "total", "size": "1"}, {"offset": "o", "total": "total"}]
)
def test_an_api_that_does_not_turn_its_pages_comes_to_an_end(options: dict[str, str]) -> None:
    answer = {"results": [{"url": "https://example.org/1"}], "total": 5}
    found, asked = walk(lambda url: answer, {**RECORDS, **options})
    assert len(asked) == 5
    assert set(found) == {"https://example.org/1"}


@pytest.mark.parametrize("next_page", [None, "", API, f"{API}#top", "#", {"href": "x"}])
def test_the_last_page(next_page: Any) -> None:
    answer = {"results": [], "next": next_page}
    assert read("json", answer, {**RECORDS, "next": "next"}).following == ()


def test_the_next_page_may_be_relative() -> None:
    listing = read("json", {"results": [], "links": {"next": "?page=2"}}, {**RECORDS, "next": "links.next"})
    assert [entry.url for entry in listing.following] == [f"{API}?page=2"]


def test_records_without_a_usable_address_are_kept_to_be_counted() -> None:
    answer = {"results": [{"url": "b"}, {"url": None}, {}, "text", {"url": ["x"]}, {"url": "no match"}, {"url": True}]}
    options = {**RECORDS, "match": r"(\w)", "address": r"/\1/\g<0>.html"}
    assert [entry.url for entry in read("json", answer, options).pages] == [
        "https://api.example.org/b/b.html",
        *[""] * 6,
    ]


def test_an_answer_that_is_the_array() -> None:
    assert read("json", [{"id": 7}], {"items": "", "url": "id"}).pages == (Entry("https://api.example.org/v1/7"),)


@pytest.mark.parametrize(
    ("answer", "options", "why"),
    [
        (b"<html>", RECORDS, "not JSON"),
        (b"[" * 100_000, RECORDS, "not JSON"),
        ({"error": "key missing"}, RECORDS, "no array 'results'"),
        ({"results": {"0": 1}}, RECORDS, "no array"),
        ([1], RECORDS, "no array"),
        ({"results": []}, {**RECORDS, "page": "p", "pages": "pages"}, "where the pages end"),
        ({"results": [{"url": "a"}]}, {**RECORDS, "offset": "o", "total": "t"}, "where the pages end"),
    ],
)
def test_what_is_no_listing(answer: Any, options: dict[str, str], why: str) -> None:
    with pytest.raises(GonerdError, match=why):
        read("json", answer, options)


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("json", {"item": "results", "url": "u"}, "did you mean 'items'"),
        ("json", {"items": "results"}, "needs the option 'url'"),
        ("json", {"items": "a", "url": "u", "listing-items": "b"}, "needs the option 'listing-url'"),
        ("json", {}, "needs the option 'items'"),
        ("feed", {"follows": "next"}, "did you mean 'follow'"),
        ("edgar", {"form": "8-K"}, "did you mean 'forms'"),
    ],
)
def test_options_that_a_source_states_wrongly(kind: str, options: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(kind, {"results": []}, options)


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="{self}"/><link rel="next" href="{next}"/>
<entry><link rel="alternate" href="/1"/></entry></feed>"""


@pytest.mark.parametrize(
    ("following", "listed"), [("?page=2", [f"{API}?page=2"]), (API, []), (f"{API}#top", []), ("", [])]
)
def test_a_paged_feed_is_followed_where_a_source_says_so(following: str, listed: list[str]) -> None:
    body = ATOM.format(self=API, next=following).encode()
    assert [entry.url for entry in read("feed", body, {"follow": "next"}).following] == listed
    assert read("feed", body, {}).following == ()


@pytest.mark.parametrize(
    ("dates", "modified"),
    [
        ("<updated>2024-01-02T00:00:00Z</updated><published>2024-01-01T00:00:00Z</published>", "2024-01-02T00:00:00Z"),
        ("<published>2024-01-01T00:00:00Z</published>", "2024-01-01T00:00:00Z"),
        ("", ""),
    ],
)
def test_when_an_entry_changed(dates: str, modified: str) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/1"/>{dates}</entry></feed>'
    assert read("feed", body.encode(), {}).pages == (Entry("https://api.example.org/1", modified),)


def test_a_news_sitemap_says_when_a_page_was_published() -> None:
    body = b"""<?xml version="1.0"?>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
            xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
            xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <url><loc>/1</loc><image:image><image:loc>/1.png</image:loc></image:image>
        <n:news><n:publication_date>2024-01-01</n:publication_date></n:news></url>
      <url><loc>/2</loc><lastmod>2024-02-02</lastmod><n:news><n:publication_date>2024-01-01</n:publication_date></n:news></url>
      <url><lastmod>2024-03-03</lastmod></url>
    </urlset>"""
    assert read("sitemap", body, {}).pages == (
        Entry("https://api.example.org/1", "2024-01-01"),
        Entry("https://api.example.org/2", "2024-02-02"),
        Entry("", "2024-03-03"),
    )


def test_a_sitemap_index_says_when_a_sitemap_changed() -> None:
    item = b"<sitemap><loc> /a.xml </loc><lastmod>2024-01-01</lastmod></sitemap>"
    body = b"<sitemapindex><!-- without namespace -->" + item + b"</sitemapindex>"
    assert read("sitemap", body, {}).listings == (Entry("https://api.example.org/a.xml", "2024-01-01"),)


INDEX = """Description: Master Index

CIK|Company Name|Form Type|Date Filed|Filename
----------
1|A|8-K|2024-01-02|edgar/data/1/1.txt
2|B & C|8-K/A|2024-01-03|edgar/data/2/2.txt
3|torn li
"""


@pytest.mark.parametrize(
    ("forms", "files"),
    [("", ["1/1", "2/2", None]), ("8-K", ["1/1", None]), ("8-K/A, 10-K", ["2/2", None]), ("10-K", [None])],
)
def test_an_edgar_index_lists_the_forms_asked_for(forms: str, files: list[str | None]) -> None:
    pages = read("edgar", INDEX.encode(), {"forms": forms} if forms else {}, "https://www.sec.gov/x/master.idx").pages
    wanted = [f"https://www.sec.gov/Archives/edgar/data/{file}.txt" if file else "" for file in files]
    assert [entry.url for entry in pages] == wanted


def test_what_is_no_edgar_index() -> None:
    with pytest.raises(GonerdError, match="no EDGAR master index"):
        read("edgar", b"<html>Request rate exceeded</html>", {})
