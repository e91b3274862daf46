from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gonerd.crawl.listings import LISTINGS, Entry
from gonerd.errors import GonerdError, UsageError

URL = "https://example.org/maps/a.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
LARGE = 1 << 20


def urls(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.url for entry in entries)


def test_sources_are_found_by_themselves() -> None:
    assert {"feed", "sitemap", "urls"} <= set(LISTINGS.names())


def test_an_entry_without_an_address_is_no_address() -> None:
    xml = f"<urlset {NS}><url><loc/></url><url><lastmod>2026-03-01</lastmod></url></urlset>".encode()
    assert set(urls(LISTINGS.get("sitemap").read(xml, URL, LARGE).pages)) <= {""}


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: body])
def test_sitemap(pack: object) -> None:
    xml = f"<urlset {NS}><url><loc> https://example.org/1 </loc></url><url><loc>/2</loc></url></urlset>".encode()
    listing = LISTINGS.get("sitemap").read(pack(xml), URL, LARGE)  # type: ignore[operator]
    assert urls(listing.pages) == ("https://example.org/1", "https://example.org/2")
    assert urls(listing.listings) == ()


def test_sitemap_index() -> None:
    xml = f"<sitemapindex {NS}><sitemap><loc>b.xml.gz</loc></sitemap></sitemapindex>".encode()
    listing = LISTINGS.get("sitemap").read(xml, URL, LARGE)
    assert urls(listing.listings) == ("https://example.org/maps/b.xml.gz",)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not XML"),
        (b"<html><body>Not found</body></html>", "<html>"),
        (b"\x1f\x8bnonsense", "unpacked"),
        (gzip.compress(b" " * (LARGE + 1)), "unpacked"),
    ],
)
def test_what_is_no_sitemap(body: bytes, why: str) -> None:
    with pytest.raises(GonerdError, match=why):
        LISTINGS.get("sitemap").read(body, URL, LARGE)


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("https://example.org/secret")
    xml = f'<!DOCTYPE u [<!ENTITY s SYSTEM "{secret.as_uri()}">]><urlset {NS}><url><loc>&s;</loc></url></urlset>'
    assert not any("secret" in page.url for page in LISTINGS.get("sitemap").read(xml.encode(), URL, LARGE).pages)


def test_rss_and_atom() -> None:
    rss = b'<rss version="2.0"><channel><item><link>https://example.org/1</link></item><item/></channel></rss>'
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/2"/></entry>'
        b'<entry><link rel="alternate" href="https://example.org/3"/></entry></feed>'
    )
    assert urls(LISTINGS.get("feed").read(rss, URL, LARGE).pages) == ("https://example.org/1", "")
    assert urls(LISTINGS.get("feed").read(atom, URL, LARGE).pages) == ("https://example.org/2", "https://example.org/3")


def test_a_feed_body_that_spells_a_file_name_opens_no_file(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text('<rss version="2.0"><channel><item><link>https://example.org/1</link></item></channel></rss>')
    with pytest.raises(GonerdError, match="neither RSS nor Atom"):
        LISTINGS.get("feed").read(str(feed).encode(), URL, LARGE)


def test_url_file(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("# pages\nhttps://example.org/1\r\n\n  https://example.org/2  \n")
    assert urls(LISTINGS.get("urls").start(str(path)).pages) == ("https://example.org/1", "https://example.org/2")


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "lists no URL"), (b"https://example.org/\nexample.org/2\n", "line 2"), (b"\xff\xfe\x00", "UTF-8")],
)
def test_bad_url_file(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "urls.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=why):
        LISTINGS.get("urls").start(str(path))


def test_missing_url_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt"):
        LISTINGS.get("urls").start(str(tmp_path / "none.txt"))
