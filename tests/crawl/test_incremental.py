"""A later crawl of the same folder fetches what is new, and asks about the rest without transferring it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., subprocess.CompletedProcess[str]]


def sitemap(site: Any, **pages: str) -> str:
    inner = "".join(
        f"<url><loc>{site.base}/{name}</loc><lastmod>{day}</lastmod></url>" for name, day in sorted(pages.items())
    )
    xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</urlset>'.encode()
    return site.page("/sitemap.xml", xml, Content_Type="application/xml", ETag=f'"{hash(xml)}"')


def counts(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "crawl.json").read_text())
    return found


def test_what_is_new_and_what_has_changed(
    site: Any, crawl: Run, make_article: Callable[..., bytes], read_warc: Callable[[Path], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "w"
    for n, name in enumerate("abc"):
        site.page(f"/{name}", make_article(n), ETag=f'"{name}1"')
    words = ["--sitemap", sitemap(site, a="2025-01-01", b="2025-01-01", c="2025-01-01"), "--out", out]
    assert crawl(*words).returncode == 0
    site.asked.clear()
    site.page("/b", make_article(7), ETag='"b2"')  # changed; c only says so
    site.page("/d", make_article(8))
    sitemap(site, a="2025-01-01", b="2025-02-02", c="2025-02-02", d="2025-02-02")
    site.page("/c", status=304, ETag='"c1"')
    done = crawl(*words)
    assert done.returncode == 0, done.stderr
    asked = {path: headers for path, headers in site.asked}
    assert set(asked) == {"/sitemap.xml", "/b", "/c", "/d"}  # robots.txt is not a day old
    assert asked["/sitemap.xml"]["If-None-Match"]
    assert (asked["/b"]["If-None-Match"], asked["/c"]["If-None-Match"]) == ('"b1"', '"c1"')
    assert "If-None-Match" not in asked["/d"]
    found = counts(out)
    assert (found["listed"], found["fetched"], found["updated"], found["already"], found["unchanged"]) == (
        4,
        2,
        1,
        2,
        1,
    )
    kinds = [
        (r["url"].rpartition("/")[2], r["type"]) for r in read_warc(out) if r["headers"].get("GONERD-Role") == "page"
    ]
    assert sorted(kinds) == [("a", "response"), ("b", "response"), ("b", "response"), ("c", "response"),
                             ("c", "revisit"), ("d", "response")]  # fmt: skip


def test_a_listing_that_has_not_changed_still_lists_its_pages(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    site.page("/a", make_article(1), ETag='"a1"')
    words = ["--sitemap", sitemap(site, a="2025-01-01"), "--out", tmp_path / "w"]
    assert crawl(*words).returncode == 0
    site.page("/sitemap.xml", status=304)
    assert crawl(*words).returncode == 0
    assert (counts(tmp_path / "w")["listed"], counts(tmp_path / "w")["already"]) == (1, 1)


def test_refresh_all_and_none(site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path) -> None:
    site.page("/a", make_article(1), Last_Modified="Wed, 01 Jan 2025 00:00:00 GMT")
    words = ["--sitemap", sitemap(site, a="2025-01-01"), "--out", tmp_path / "w"]
    assert crawl(*words).returncode == 0
    sitemap(site, a="2025-03-03")
    assert crawl(*words, "--refresh", "none").returncode == 0
    assert site.count()["/a"] == 1
    done = crawl(*words, "--refresh", "all")
    assert done.returncode == 0
    asked = [headers for path, headers in site.asked if path == "/a"]
    assert asked[1]["If-Modified-Since"] == "Wed, 01 Jan 2025 00:00:00 GMT"
    assert counts(tmp_path / "w")["unchanged"] == 1  # the server sent the same content once more
    assert counts(tmp_path / "w")["overrides"] == {}


def test_an_override_of_good_manners_is_written_down(
    site: Any, crawl: Run, make_article: Callable[..., bytes], read_warc: Callable[[Path], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:  # fmt: skip
    site.robots("User-agent: *\nDisallow: /\n")
    words = ["--sitemap", sitemap(site, a="2025-01-01"), "--out", tmp_path / "w"]
    site.page("/a", make_article(1))
    assert crawl(*words).returncode == 1
    done = crawl(*words, "--set", "obey_robots=false", "--concurrency", "4")
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "w")["overrides"] == {"concurrency": 4, "obey_robots": False}
    infos = [r["raw"].decode() for r in read_warc(tmp_path / "w") if r["type"] == "warcinfo"]
    assert "robots: ignored" in infos[-1]
    assert "overrides: concurrency=4, obey_robots=False" in infos[-1]


def test_a_page_that_opts_out_is_not_kept(
    site: Any, crawl: Run, make_article: Callable[..., bytes], read_warc: Callable[[Path], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:  # fmt: skip
    site.page("/a", make_article(1), X_Robots_Tag="noai")
    site.page("/b", make_article(2, '<meta name="tdm-reservation" content="1">'))
    site.page("/c", make_article(3))
    words = ["--sitemap", sitemap(site, a="2025-01-01", b="2025-01-01", c="2025-01-01"), "--out", tmp_path / "w"]
    done = crawl(*words)
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "w")["skipped"] == {"opt-out": 2}
    records = read_warc(tmp_path / "w")
    assert not [r for r in records if r["type"] == "response" and r["url"].endswith(("/a", "/b"))]
    notes = {r["url"].rpartition("/")[2]: r["raw"].decode() for r in records if r["type"] == "metadata"}
    assert "noai" in notes["a"]
    assert "tdm-reservation" in notes["b"]
    assert "opt-out" not in notes["c"]
    again = crawl(*words, "--refresh", "all", "--set", "obey_opt_out=false")
    assert again.returncode == 0
    assert counts(tmp_path / "w")["skipped"] == {}
    notes = {
        r["url"].rpartition("/")[2]: r["raw"].decode() for r in read_warc(tmp_path / "w") if r["type"] == "metadata"
    }
    assert "overridden by obey_opt_out=false" in notes["a"]


def test_files_that_reserve_a_site(site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path) -> None:
    site.page("/a", make_article(1))
    site.page("/b", make_article(2))
    rules = b'[{"location": "/b*", "tdm-reservation": 1}]'
    site.page("/.well-known/tdmrep.json", rules, Content_Type="application/json")
    done = crawl("--sitemap", sitemap(site, a="2025-01-01", b="2025-01-01"), "--out", tmp_path / "w")
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "w")["skipped"] == {"opt-out": 1}
    assert site.count()["/b"] == 0


def test_what_is_no_text_is_not_downloaded(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    site.page("/a", make_article(1))
    site.page("/b", b"\x89PNG" * 100, Content_Type="image/png")
    site.page("/c", status=302, Location="/d", Content_Type="image/png")
    site.page("/d", make_article(2))
    done = crawl("--sitemap", sitemap(site, a="2025-01-01", b="2025-01-01", c="2025-01-01"), "--out", tmp_path / "w")
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "w")["skipped"] == {"not-text": 1}
    assert counts(tmp_path / "w")["fetched"] == 2


def test_bounds_on_hosts_and_depth(site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(4)]
    deep = site.sitemap("/s0.xml", *pages)
    for n in range(1, 4):
        deep = site.sitemap(f"/s{n}.xml", deep, tag="sitemap")
    shallow = crawl("--sitemap", deep, "--out", tmp_path / "a", "--set", "max_depth=2")
    assert shallow.returncode == 1
    assert "depth" in shallow.stderr
    few = crawl("--sitemap", deep, "--out", tmp_path / "b", "--set", "max_pages_per_host=3")
    assert few.returncode == 0, few.stderr
    assert counts(tmp_path / "b")["skipped"] == {"host-limit": 1}


def test_a_second_round_reads_every_listing_again(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    """Also those below the first of two indexes, although the second was known before them."""
    site.page("/a", make_article(1))
    site.page("/b", make_article(2))
    maps = [site.sitemap(f"/map{n}.xml", f"{site.base}/{page}") for n, page in enumerate("ab")]
    inner = [site.sitemap(f"/index{n}.xml", one, tag="sitemap") for n, one in enumerate(maps)]
    words = ["--sitemap", site.sitemap("/index.xml", *inner, tag="sitemap"), "--out", tmp_path / "w"]
    for expected in (2, 0):
        site.asked.clear()
        assert crawl(*words).returncode == 0
        assert {f"/{kind}{n}.xml" for kind in ("map", "index") for n in (0, 1)} <= set(site.count())
        assert (counts(tmp_path / "w")["listed"], counts(tmp_path / "w")["fetched"]) == (2, expected)


def test_one_bad_address_costs_one_page(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(2)]
    first = site.sitemap("/a.xml", pages[0], "http://[bad/x", pages[1])
    words = ["--sitemap", site.sitemap("/index.xml", first, tag="sitemap"), "--out", tmp_path / "w"]
    done = crawl(*words)
    assert done.returncode == 0, done.stderr
    assert (counts(tmp_path / "w")["fetched"], counts(tmp_path / "w")["skipped"]) == (2, {"invalid-url": 1})
    assert counts(tmp_path / "w")["failed_listings"] == []


def test_an_answer_may_have_more_pages_than_listings_have_levels(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    for n in range(12):
        site.page(f"/p{n}", make_article(n))
        more = f'<link rel="next" href="{site.base}/feed{n + 1}"/>' if n < 11 else ""
        entry = f'<entry><link href="{site.base}/p{n}"/></entry>'
        body = f'<feed xmlns="http://www.w3.org/2005/Atom">{more}{entry}</feed>'.encode()
        site.page(f"/feed{n}", body, Content_Type="application/atom+xml")
    code = (
        "import sys; from pathlib import Path; from gonerd.crawl.sources import *\n"
        "from gonerd.crawl.fetch.run import run_crawl; from gonerd.crawl.fetch.settings import CrawlSettings\n"
        "base, out = sys.argv[1:]; SOURCES.register('tarn')(Source(name='tarn', title='T', domain='news',"
        " hosts=('127.0.0.1',), discovery=(Discovery('feed', base + '/feed0', {'follow': 'next'}),),"
        " licence=Licence('CC0-1.0', base)))\n"
        "run_crawl(CrawlSettings(sources=('tarn',), out=Path(out), allow_hosts=('127.0.0.1',)))"
    )
    command = [sys.executable, "-c", code, site.base, str(tmp_path / "w")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (counts(tmp_path / "w")["listed"], counts(tmp_path / "w")["fetched"]) == (12, 12)


def test_two_seeds_in_one_folder_leave_each_other_alone(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(4)]
    out = ["--out", tmp_path / "w"]
    one, other = site.sitemap("/one.xml", *pages), site.sitemap("/other.xml", *pages[1:])
    for path in ("/one.xml", "/other.xml"):
        site.routes[path][1]["ETag"] = f'"{path}"'
    assert crawl("--sitemap", one, *out, "--limit", "2").returncode == 0
    assert crawl("--sitemap", other, *out, "--limit", "1").returncode == 0
    site.page("/one.xml", status=304)
    site.page("/other.xml", status=304)
    assert crawl("--sitemap", one, *out).returncode == 0
    found = counts(tmp_path / "w")
    assert (found["listed"], found["fetched"] + found["already"]) == (4, 4)
    assert crawl("--sitemap", other, *out).returncode == 0
    found = counts(tmp_path / "w")
    assert (found["listed"], found["already"]) == (3, 3)
    assert site.count()["/p1"] == 1


def test_a_listing_that_rolled_on_and_stays_names_what_it_named_last(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(5)]
    words = ["--sitemap", site.sitemap("/map.xml", *pages[:3]), "--out", tmp_path / "w"]
    for listed in (3, 3):
        site.routes["/map.xml"][1]["ETag"] = '"1"'
        assert crawl(*words).returncode == 0
        assert counts(tmp_path / "w")["listed"] == listed
        site.sitemap("/map.xml", *pages[2:])
    site.page("/map.xml", status=304)
    assert crawl(*words).returncode == 0
    assert (counts(tmp_path / "w")["listed"], counts(tmp_path / "w")["already"]) == (3, 3)


def test_two_listings_may_date_a_page_in_their_own_ways(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    page = site.page("/a", make_article(1))
    feed = f"<rss version='2.0'><channel><item><link>{page}</link><pubDate>Wed, 01 Jan 2025 09:30:00 GMT</pubDate>"
    site.page("/feed", f"{feed}</item></channel></rss>".encode())
    words = ["--sitemap", sitemap(site, a="2025-01-01"), "--out", tmp_path / "w"]
    for _ in range(2):
        assert crawl(*words).returncode == 0
        assert crawl("--feed", site.base + "/feed", "--out", tmp_path / "w").returncode == 0
    assert site.count()["/a"] <= 2  # the feed's hour lies after the sitemap's day, once


def test_a_file_that_was_moved_away_is_fetched_again(
    site: Any, crawl: Run, make_article: Callable[..., bytes], tmp_path: Path
) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(2)]
    words = ["--sitemap", site.sitemap("/map.xml", *pages), "--out", tmp_path / "w"]
    assert crawl(*words).returncode == 0
    (tmp_path / "w" / "crawl-00000.warc.gz").unlink()
    assert crawl(*words).returncode == 0
    assert (counts(tmp_path / "w")["fetched"], counts(tmp_path / "w")["already"]) == (2, 0)
    assert (tmp_path / "w" / "index.cdxj").read_text().count('"crawl-00000.warc.gz"') >= 2
