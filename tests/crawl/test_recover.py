from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gonerd.crawl.fetch.keys import page_key
from gonerd.crawl.fetch.recover import recover
from gonerd.crawl.fetch.store import STORE, Store
from gonerd.crawl.warc.cdxj import index_warc
from gonerd.crawl.warc.exchange import Exchange, Message
from gonerd.crawl.warc.fields import LISTED, ROLE
from gonerd.crawl.warc.write import WarcStore
from gonerd.errors import GonerdError

REQUEST = Message("GET / HTTP/1.1", [("Host", "example.org")], b"")
BASE = "https://example.org"


def written(folder: Path) -> None:
    warc = WarcStore(folder, {"software": "test"}, max_bytes=1 << 30)

    def put(listed: str, url: str, status: str, role: str = "page", **headers: str) -> None:
        response = Message(f"HTTP/1.1 {status}", [*headers.items(), ("Content-Length", "2")], b"ok")
        extra = {ROLE: role, LISTED: BASE + listed}
        warc.write(Exchange(BASE + url, REQUEST, response, int(status[:3]), extra))

    put("/ok", "/ok", "200 OK", ETag='"1"')
    put("/old", "/old", "301 Moved", Location="/new")
    put("/old", "/new", "200 OK")
    put("/lost", "/lost", "302 Found", Location="/never-reached")
    put("/gone", "/gone", "404 Not Found")
    put("/busy", "/busy", "503 Busy")
    put("/slow", "/slow", "429 Slow Down")
    put("/map", "/map", "200 OK", role="listing")
    warc.close()


def endings(store: Store) -> dict[str, str]:
    rows = store.rows("SELECT url, reason FROM pages")
    return {row["url"].removeprefix(BASE): row["reason"] for row in rows}


def test_a_lost_store_is_made_again_from_the_warc_files(tmp_path: Path) -> None:
    written(tmp_path)
    store = Store(tmp_path)
    assert recover(store, tmp_path) == 8
    assert endings(store) == {"/ok": "fetched", "/old": "fetched", "/gone": "http-404"}
    row = store.row("SELECT * FROM pages WHERE key = ?", page_key(BASE + "/old"))
    assert row is not None
    assert (row["final"], row["address"]) == (page_key(BASE + "/new"), BASE + "/new")
    assert store.value("SELECT etag FROM pages WHERE key = ?", page_key(BASE + "/ok")) == '"1"'
    assert recover(store, tmp_path) == 0  # nothing is left to enter
    store.close()


def test_what_a_power_cut_took_from_a_file_is_fetched_again(tmp_path: Path) -> None:
    written(tmp_path)
    store = Store(tmp_path)
    recover(store, tmp_path)
    path = tmp_path / "crawl-00000.warc.gz"
    first = store.rows("SELECT * FROM captures ORDER BY offset")[0]
    path.write_bytes(path.read_bytes()[: first["offset"]])  # only the warcinfo record is left
    recover(store, tmp_path)
    assert store.value("SELECT COUNT(*) FROM captures") == 0
    assert set(endings(store).values()) == {"", "http-404"}
    store.close()


def test_a_damaged_finished_file_stops_a_crawl(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "crawl-00000.warc.gz"
    path.write_bytes(path.read_bytes()[:-3])
    store = Store(tmp_path)
    with pytest.raises(GonerdError, match="move the file away"):
        recover(store, tmp_path)
    store.close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as the header of one" * 20])
def test_a_damaged_store_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STORE).write_bytes(content)
    with pytest.raises(GonerdError, match="made anew from the WARC files"):
        Store(tmp_path)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.run("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(GonerdError, match="version 99"):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a?b=1&a=2#part", "https://EXAMPLE.org/a?a=2&b=1"),
        ("https://example.org/a?utm_source=x&b=1", "https://example.org/a?b=1"),
        ("https://example.org/a?fbclid=123", "https://example.org/a"),
        ("https://example.org/%7Ea", "https://example.org/~a"),
    ],
)
def test_spellings_of_one_page(one: str, other: str) -> None:
    assert page_key(one) == page_key(other)


def test_different_pages_stay_apart() -> None:
    pages: list[Any] = [
        "https://a.org/x",
        "https://a.org/x/",
        "https://a.org/X",
        "https://a.org/x?y=1",
        "http://a.org/x",
    ]
    assert len({page_key(page) for page in pages}) == len(pages)


def test_the_index_of_a_crawl_is_that_of_its_files(site: Any, crawl: Any, make_article: Any, tmp_path: Path) -> None:
    pages = [site.page(f"/p{n}", make_article(n), ETag=f'"{n}"') for n in range(3)]
    site.page("/moved", status=302, Location="/p9?b=1&a=2")
    site.page("/p9?b=1&a=2", make_article(9))
    words = ["--sitemap", site.sitemap("/sitemap.xml", *pages, site.base + "/moved"), "--out", tmp_path]
    assert crawl(*words).returncode == 0
    site.page("/p0", status=304)
    assert crawl(*words, "--refresh", "all").returncode == 0
    lines = (tmp_path / "index.cdxj").read_text().splitlines()
    files = sorted(tmp_path.glob("*.warc.gz"))
    assert lines == sorted(line for path in files for line in index_warc(path))
    assert sum('"warc/revisit"' in line for line in lines) >= 1
