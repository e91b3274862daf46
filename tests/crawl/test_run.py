from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Read = Callable[[Path], list[dict[str, Any]]]


def skipped(folder: Path) -> dict[str, tuple[str, str]]:
    lines = (folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["url"]: (row["reason"], row["detail"]) for row in map(json.loads, lines)}


def summary(folder: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((folder / "crawl.json").read_text(encoding="utf-8"))
    assert counts["listed"] == counts["fetched"] + counts["already"] + sum(counts["skipped"].values())
    assert sum(counts["skipped"].values()) == len(skipped(folder))
    return counts


@pytest.fixture(scope="module")
def hostile(new_site: Callable[[], Any], crawl: Run, make_article: Callable[..., bytes], tmp_path_factory: Any) -> Any:
    """One crawl of a site on which every second page is a trap."""
    site, out = new_site(), tmp_path_factory.mktemp("hostile")
    site.robots("User-agent: *\nDisallow: /forbidden\n")
    port = site.server.server_port
    pages = {
        "plain": site.page("/plain", make_article(1)),
        "packed": site.page("/packed", gzip.compress(make_article(2)), Content_Encoding="gzip"),
        "chunked": site.page("/chunked", make_article(3), Transfer_Encoding="chunked"),
        "moved": site.page("/moved", status=301, Location="/moved/to"),
        "to plain": site.page("/to-plain", status=302, Location="/plain"),
        "loop": site.page("/loop", status=302, Location="/loop"),
        "inside": site.page("/inside", status=302, Location=f"http://127.0.0.2:{port}/plain"),
        "by name": site.page("/by-name", status=302, Location=f"http://127.1:{port}/plain"),
        "file": site.page("/file", status=302, Location="file:///etc/passwd"),
        "outside": site.page("/outside", status=302, Location="http://example.invalid/"),
        "forbidden": site.page("/forbidden/page", make_article(4)),
        "gone": site.base + "/gone",
        "broken": site.base + "/broken",
    }
    site.page("/moved/to", make_article(5))
    site.routes["/broken"] = "hang up"
    urls = out.parent / "urls.txt"
    urls.write_text("\n".join(pages.values()) + f"\n{pages['plain']}#again\n")
    done = crawl("--urls", urls, "--out", out, "--domain", "legal", "--source", "Hostile Gazette")
    assert done.returncode == 0, done.stderr
    return site, out, pages, done, urls


def test_every_page_has_an_outcome(hostile: Any) -> None:
    site, out, pages, done, _ = hostile
    counts, why = summary(out), skipped(out)
    reasons = {name: why.get(url, ("fetched", ""))[0] for name, url in pages.items()}
    assert reasons == {
        "plain": "fetched", "packed": "fetched", "chunked": "fetched", "moved": "fetched", "to plain": "duplicate",
        "loop": "redirects", "inside": "private-host", "by name": "no-contact", "file": "http-302",
        "outside": "no-contact", "forbidden": "robots", "gone": "http-404", "broken": "connection",
    }  # fmt: skip
    assert (counts["listed"], counts["fetched"], counts["already"], counts["repeated"]) == (13, 4, 0, 1)
    assert "--allow-host 127.0.0.2" in why[pages["inside"]][1]
    assert "13 listed = 4 fetched + 0 already there + 9 skipped" in done.stdout
    assert "Traceback" not in done.stderr
    assert "/forbidden/page" not in site.count()


def test_the_warc_file_is_valid_and_true(hostile: Any, read_warc: Read) -> None:
    site, out, pages, _, _ = hostile
    info, *records = read_warc(out)
    fields = dict(line.split(": ", 1) for line in info["raw"].decode().splitlines())
    assert fields["domain"] == "legal"
    assert fields["source"] == "Hostile Gazette"
    assert fields["software"].count("/") >= 3
    assert "robots" in fields
    responses = {r["id"]: r for r in records if r["type"] == "response"}
    requests = {r["headers"]["WARC-Concurrent-To"]: r for r in records if r["type"] == "request"}
    assert responses.keys() == requests.keys()
    assert all(requests[key]["url"] == response["url"] for key, response in responses.items())
    by_url = {r["url"]: r for r in responses.values()}
    for name in ("plain", "packed", "chunked"):
        sent = site.routes[pages[name].removeprefix(site.base)][2]
        assert by_url[pages[name]]["raw"] == sent
        assert by_url[pages[name]]["http"].get_header("Content-Length") == str(len(sent))
        assert by_url[pages[name]]["http"].get_header("Transfer-Encoding") is None
    roles = {r["url"].removeprefix(site.base): r["headers"]["GONERD-Role"] for r in responses.values()}
    assert roles["/robots.txt"] == "robots"
    assert roles["/moved"] == roles["/moved/to"] == "page"
    assert by_url[site.base + "/moved/to"]["headers"]["GONERD-Listed-URI"] == pages["moved"]


def test_the_crawler_is_honest_and_opens_one_connection(hostile: Any) -> None:
    site, *_ = hostile
    assert {headers["User-Agent"].split("/")[0] for _, headers in site.asked} == {"GONERD"}
    assert not any("Cookie" in headers for _, headers in site.asked)
    assert site.most_busy == 1
    assert site.asked[0][0] == "/robots.txt"


def test_the_same_command_fetches_nothing_twice(hostile: Any, crawl: Run, read_warc: Read) -> None:
    site, out, pages, _, urls = hostile
    site.asked.clear()
    done = crawl("--urls", urls, "--out", out, "--domain", "legal", "--source", "Hostile Gazette")
    assert done.returncode == 0, done.stderr
    counts = summary(out)
    assert (counts["fetched"], counts["already"]) == (0, 4)
    assert skipped(out)[pages["to plain"]][0] == "duplicate"
    asked = site.count()
    assert not {"/plain", "/packed", "/chunked", "/moved", "/moved/to", "/to-plain", "/gone"} & asked.keys()
    assert asked["/broken"]  # a failure may have passed
    stored = [r["url"] for r in read_warc(out) if r["type"] == "response" and r["http"].get_statuscode() == "200"]
    assert all(stored.count(pages[name]) == 1 for name in ("plain", "packed", "chunked"))


def test_a_name_that_resolves_inside_is_refused(
    site: Any, crawl: Run, tmp_path: Path, make_article: Callable[..., bytes]
) -> None:
    urls = tmp_path / "urls.txt"
    trick = f"http://127.1:{site.server.server_port}/page"
    urls.write_text(f"{trick}\n{site.page('/page', make_article(1))}\n")
    done = crawl("--urls", urls, "--out", tmp_path / "w", "--contact", "crawler@example.org")
    assert done.returncode == 0, done.stderr
    reason, detail = skipped(tmp_path / "w")[trick]
    assert reason == "private-host"
    assert "the private address 127.0.0.1; allow it with --allow-host 127.1" in detail
    assert site.count()["/page"] == 1
    assert site.asked[0][1]["User-Agent"].endswith("(+crawler@example.org)")


def test_sitemaps(site: Any, crawl: Run, tmp_path: Path, make_article: Callable[..., bytes]) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(4)]
    foreign = "http://other.example/page"
    inner = site.sitemap("/inner.xml.gz", *pages[:2], foreign, pack=True)
    index = site.base + "/index.xml"
    site.sitemap(
        "/index.xml", inner, site.sitemap("/rest.xml", *pages[1:]), index, f"{site.base}/none.xml", tag="sitemap"
    )
    done = crawl("--sitemap", index, "--out", tmp_path / "w", "--limit", "3")
    assert done.returncode == 0, done.stderr
    counts = summary(tmp_path / "w")
    assert (counts["listed"], counts["fetched"]) == (5, 3)
    assert counts["skipped"] == {"limit": 1, "offsite": 1}
    assert skipped(tmp_path / "w")[pages[3]][0] == "limit"
    assert site.count()["/index.xml"] == 1
    assert counts["unread_listings"] + len(counts["failed_listings"]) == 1
    again = crawl("--sitemap", index, "--out", tmp_path / "w")
    assert again.returncode == 0, again.stderr
    assert (summary(tmp_path / "w")["fetched"], summary(tmp_path / "w")["already"]) == (1, 3)
    assert [one["reason"] for one in summary(tmp_path / "w")["failed_listings"]] == ["http-404"]


def test_feed(site: Any, crawl: Run, tmp_path: Path, make_article: Callable[..., bytes]) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(2)]
    items = "".join(f"<item><link>{page}</link></item>" for page in [*pages, "http://other.example/"])
    feed = site.page("/feed", f'<rss version="2.0"><channel>{items}<item/></channel></rss>'.encode())
    done = crawl("--feed", feed, "--out", tmp_path / "w")
    assert done.returncode == 0, done.stderr
    assert summary(tmp_path / "w")["skipped"] == {"invalid-url": 1, "offsite": 1}
    assert summary(tmp_path / "w")["fetched"] == 2


def test_robots_that_cannot_say(site: Any, crawl: Run, tmp_path: Path, make_article: Callable[..., bytes]) -> None:
    site.robots("", 503)
    sitemap = site.sitemap("/sitemap.xml", site.page("/page", make_article(1)))
    done = crawl("--sitemap", sitemap, "--out", tmp_path / "w")
    assert done.returncode == 1
    assert set(site.count()) == {"/robots.txt"}
    assert "503" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_nothing_to_fetch(site: Any, crawl: Run, tmp_path: Path) -> None:
    done = crawl("--sitemap", site.sitemap("/empty.xml"), "--out", tmp_path / "w")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "lists no pages" in done.stderr
    assert summary(tmp_path / "w")["listed"] == 0


def test_an_unreachable_site(crawl: Run, tmp_path: Path) -> None:
    done = crawl("--sitemap", "http://127.0.0.1:9/sitemap.xml", "--out", tmp_path / "w")
    assert done.returncode == 1
    assert "robots.txt cannot be reached" in done.stderr


def test_a_full_disk(site: Any, tmp_path: Path, make_article: Callable[..., bytes]) -> None:
    noise = [b"<!--" + random.Random(n).randbytes(60_000).hex().encode() + b"-->" for n in range(12)]
    pages = [site.page(f"/p{n}", make_article(n) + noise[n]) for n in range(12)]
    sitemap = site.sitemap("/sitemap.xml", *pages)
    words = ["crawl", "run", "--allow-host", "127.0.0.1", "--sitemap", sitemap, "--out", str(tmp_path / "w")]
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)); "
        "from gonerd.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot store what was fetched" in done.stderr
    again = subprocess.run(
        [sys.executable, "-m", "gonerd", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert again.returncode == 0, again.stderr
    counts = summary(tmp_path / "w")
    assert counts["fetched"] + counts["already"] == 12
    assert counts["already"] > 0
