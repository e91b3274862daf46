"""How a crawl behaves towards hosts that redirect, are busy, or answer oddly when asked for their rules."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from scrapy.http import Request

from gonerd.crawl.fetch import engine, guard, run
from gonerd.crawl.fetch.settings import CrawlSettings
from gonerd.crawl.hosts import HostPolicy
from gonerd.crawl.sources import SOURCES
from gonerd.errors import GonerdError
from tests.crawl.hostile import HostileSite

Run = Callable[..., subprocess.CompletedProcess[str]]
FIRST, SECOND = "127.0.0.1", "127.0.0.2"


def skipped_of(folder: Path) -> dict[str, str]:
    lines = (folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["url"]: row["reason"] for row in map(json.loads, lines)}


class Crawled(NamedTuple):
    site: HostileSite
    out: Path
    pages: dict[str, str]
    more: SimpleNamespace
    done: subprocess.CompletedProcess[str]
    again: Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def crawled(
    tmp_path_factory: Any, new_site: Callable[[], Any], crawl: Run, make_article: Callable[..., bytes]
) -> Iterator[Crawled]:
    """One crawl of two hosts, and of servers on further ports of the first, each with other rules."""
    folder = tmp_path_factory.mktemp("manners")
    site, out, png = HostileSite(folder), folder / "out", "image/png"
    more = SimpleNamespace(far=new_site(), nowhere=new_site(), vast=new_site(), garbled=new_site())
    site.put("/robots.txt", b"", Content_Type="text/plain", host=FIRST)
    site.put("/ai.txt", b"", "302 Found", host=FIRST, Location=site.url("/elsewhere.txt", SECOND))
    site.put("/.well-known/tdmrep.json", b"", "429 Slow", host=FIRST)
    site.put("/robots.txt", b"User-agent: *\nCrawl-delay: 1\n", Content_Type="text/plain", host=SECOND)
    site.put("/there", make_article(1), host=SECOND)
    site.put("/moved/1", make_article(2))
    site.put("/hops/1", b"", "302 Found", Location="/hops/2")
    pages = {
        "busy picture": site.put("/busy", b"\x89PNG", "503 Busy", Content_Type=png),
        "missing picture": site.put("/missing", b"\x89PNG", "404 Not Found", Content_Type=png),
        "moved picture": site.put("/moved", b"\x89PNG", "302 Found", Content_Type=png, Location="/moved/1"),
        "picture": site.put("/picture", b"\x89PNG", Content_Type=png, Location="/nowhere"),
        "two hops": site.put("/hops", b"", "302 Found", Location="/hops/1"),
        "to the second": site.put("/to-second", b"", "302 Found", Location=site.url("/there", SECOND)),
        "later": site.put("/later", b"", "429 Slow", Retry_After="1"),
        "after that": site.put("/after", make_article(3)),
        "far": more.far.page("/secret", make_article(4)),
        "nowhere": more.nowhere.page("/page", make_article(5)),
        "vast": more.vast.page("/page", make_article(6)),
        "garbled": more.garbled.page("/page", make_article(7)),
    }
    for n in range(5):
        more.far.page("/robots.txt" if n == 0 else f"/r{n}", status=301, Location=f"/r{n + 1}")
    more.far.page("/r5", b"User-agent: *\nDisallow: /secret\n", Content_Type="text/plain")
    more.nowhere.page("/robots.txt", status=301)
    more.vast.robots("#" * 300_000)
    more.garbled.page("/.well-known/tdmrep.json", b"[{", Content_Type="application/json")
    seed = site.put_sitemap("/pages.xml", list(pages.values()))
    words = ["--sitemap", seed, "--out", out, "--allow-host", SECOND]
    words += [word for one in ("max_redirects=1", "retries=0", "max_bytes=200000") for word in ("--set", one)]
    yield Crawled(site, out, pages, more, crawl(*words), lambda: crawl(*words))
    site.close()


def moments(site: HostileSite, host: str) -> dict[str, float]:
    return {one.path: one.moment for one in reversed(site.asked) if one.host == host}


def test_each_answer_has_its_reason(crawled: Crawled) -> None:
    assert crawled.done.returncode == 0, crawled.done.stderr
    found = skipped_of(crawled.out)
    assert {name: found.get(url, "fetched") for name, url in crawled.pages.items()} == {
        "busy picture": "http-503", "missing picture": "http-404", "moved picture": "fetched", "picture": "not-text",
        "two hops": "redirects", "to the second": "fetched", "later": "http-429", "after that": "fetched",
        "far": "robots", "nowhere": "robots", "vast": "robots", "garbled": "fetched",
    }  # fmt: skip


def test_what_was_cut_says_so(crawled: Crawled, read_warc: Callable[[Path], list[dict[str, Any]]]) -> None:
    records = [one for one in read_warc(crawled.out) if one["type"] == "response"]
    cut = {one["url"] for one in records if one["headers"].get("WARC-Truncated") == "unspecified"}
    assert cut == {crawled.pages[name] for name in ("busy picture", "missing picture", "moved picture")}
    assert crawled.pages["picture"] not in {one["url"] for one in records}


def test_a_redirect_keeps_to_the_pace_of_the_host_it_leads_to(crawled: Crawled) -> None:
    when = moments(crawled.site, SECOND)
    order = ["/robots.txt", "/.well-known/tdmrep.json", "/ai.txt", "/there"]
    assert sorted(when, key=lambda path: when[path]) == sorted(order, key=lambda path: when[path])
    gaps = sorted(when.values())
    assert all(after - before > 0.9 for before, after in pairwise(gaps))


def test_a_pause_is_kept_after_the_last_try(crawled: Crawled) -> None:
    when = moments(crawled.site, FIRST)
    assert when["/after"] - when["/later"] > 0.9


def test_files_beside_robots_txt_stay_on_their_host(crawled: Crawled) -> None:
    assert crawled.site.count(FIRST)["/ai.txt"]
    assert crawled.site.count(SECOND)["/elsewhere.txt"] == 0


def test_a_file_that_cannot_be_read_is_noted(
    crawled: Crawled, read_warc: Callable[[Path], list[dict[str, Any]]]
) -> None:
    notes = [one for one in read_warc(crawled.out) if b"opt-out-problem: " in one["raw"]]
    assert [one["url"] for one in notes] == [crawled.more.garbled.base + "/"]


def test_a_busy_answer_for_rules_is_not_kept(crawled: Crawled) -> None:
    before = crawled.site.count(FIRST)
    crawled.again()
    after = crawled.site.count(FIRST)
    assert after["/.well-known/tdmrep.json"] > before["/.well-known/tdmrep.json"]
    assert after["/ai.txt"] == before["/ai.txt"]


def test_an_unchanged_page_may_have_become_reserved(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    listed = [site.page(f"/{n}", make_article(n), ETag='"1"') for n in range(2)]
    words = ["--sitemap", site.sitemap("/s.xml", *listed), "--out", tmp_path / "w", "--refresh", "all"]
    assert crawl(*words).returncode == 0
    site.page("/0", status=304, ETag='"1"', X_Robots_Tag="noai")
    site.page("/1", status=304, ETag='"1"')
    assert crawl(*words).returncode == 0
    assert skipped_of(tmp_path / "w") == {listed[0]: "opt-out"}


def job(**given: Any) -> Any:
    settings = CrawlSettings(out=Path("w"), **given)
    return SimpleNamespace(settings=settings, policy=HostPolicy((FIRST, "localhost")), user_agent="GONERD")


def test_a_slow_source_is_not_sped_up_by_the_throttle() -> None:
    assert engine._engine_settings(job(delay=90.0))["AUTOTHROTTLE_MAX_DELAY"] == 90.0
    assert engine._engine_settings(job())["AUTOTHROTTLE_MAX_DELAY"] == 60.0


def test_each_private_host_has_its_own_pace() -> None:
    slots = engine._engine_settings(job())["DOWNLOAD_SLOTS"]
    slots[FIRST]["delay"] = 7.0
    assert slots["localhost"]["delay"] != 7.0


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("https://{host}/b", True),
        ("https://{host}:443/b", True),
        ("http://{host}/b", False),
        ("https://{host}:8443/b", False),
        ("https://other.example/b", False),
    ],
)
def test_a_key_stays_with_its_service(target: str, kept: bool) -> None:
    source = next(one for one in map(SOURCES.get, SOURCES.names()) if one.token)
    host, name = source.hosts[0], source.token_header[0]
    meta = {"gonerd_row": {"source": source.name}, "redirect_urls": [f"https://{host}/a"]}
    request = Request(target.format(host=host), headers={name: "s3cret"}, meta=meta)
    crawler = SimpleNamespace(spider=SimpleNamespace(job=job(sources=(source.name,))))
    guard.HostGuard(crawler)._keep_secrets(request)
    assert (name in request.headers) is kept


def test_a_second_interrupt_is_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.new_event_loop()
    process = SimpleNamespace(crawl=lambda *_, **__: loop.create_future(), start=lambda: None)
    monkeypatch.setattr(engine, "AsyncCrawlerProcess", lambda _: process)
    with pytest.raises(run.Interrupted, match="run the same command again"):
        engine.run_engine(job())
    loop.close()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (sqlite3.SQLITE_FULL, "make room"),
        (sqlite3.SQLITE_IOERR_WRITE, "make room"),
        (sqlite3.SQLITE_BUSY, "another process holds the store"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "another process holds the store"),
        (sqlite3.SQLITE_ERROR, None),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_the_store_says_what_is_wrong(
    code: int, said: str | None, late: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code

    def fails(*_: Any) -> Any:
        if late:
            return SimpleNamespace(storage_error=error, finish_reason="storage"), None
        raise error

    monkeypatch.setattr(run, "_run", fails)
    monkeypatch.setattr(run, "is_reactor_installed", lambda: False)
    (tmp_path / "u.txt").write_text(f"http://{FIRST}/a\n")
    settings = CrawlSettings(kind="urls", seed=str(tmp_path / "u.txt"), out=tmp_path / "w", allow_hosts=(FIRST,))
    with pytest.raises(GonerdError if said else sqlite3.OperationalError, match=said or "it failed"):
        run.run_crawl(settings)


@pytest.mark.parametrize("reason", ["shutdown", "cancelled", ""])
def test_only_an_end_is_an_end(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = SimpleNamespace(storage_error=None, finish_reason=reason, settings=SimpleNamespace(out=tmp_path))
    monkeypatch.setattr(run, "_run", lambda *_: (ended, SimpleNamespace(fetched=1, already=0)))
    monkeypatch.setattr(run, "is_reactor_installed", lambda: False)
    (tmp_path / "u.txt").write_text(f"http://{FIRST}/a\n")
    settings = CrawlSettings(kind="urls", seed=str(tmp_path / "u.txt"), out=tmp_path / "w", allow_hosts=(FIRST,))
    with pytest.raises(run.Interrupted):
        run.run_crawl(settings)
