"""One crawl over every trap: none stops it, each leaves its reason, and all good pages between them are stored."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.crawl.hostile import MEBI, HostileSite, bomb

pytestmark = pytest.mark.slow

LIAR = "<p>Fönsterrutor på Östra hamnen kostar 5 €</p>"


class Crawled(NamedTuple):
    site: HostileSite
    out: Path
    traps: dict[str, tuple[str, str]]
    good: dict[str, bytes]
    done: subprocess.CompletedProcess[str]
    again: Callable[[], subprocess.CompletedProcess[str]]


def counts_of(folder: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((folder / "crawl.json").read_text(encoding="utf-8"))
    assert counts["listed"] == counts["fetched"] + counts["already"] + sum(counts["skipped"].values())
    return counts


def skipped_of(folder: Path) -> dict[str, tuple[str, str]]:
    lines = (folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["url"]: (row["reason"], row["detail"]) for row in map(json.loads, lines)}


def check(folder: Path) -> None:
    """The checker of the library reads every record and recomputes every digest."""
    files = sorted(map(str, folder.glob("*.warc.gz")))
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", *files],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "digest failed" not in done.stdout


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, make_article: Callable[..., bytes]) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("hostile")
    site = HostileSite(folder)
    out = folder / "out"
    site.put("/robots.txt", b"User-agent: *\nDisallow: /forbidden\n", Content_Type="text/plain")
    site.put("/robots.txt", b"busy", "503 Service Unavailable", host="localhost")
    nested = gzip.compress(bomb())
    traps = {
        "slow drip": ("/drip", "timeout"),
        "slow drip of the head": ("/drip-head", "timeout"),
        "endless redirect": ("/endless/0", "redirects"),
        "cookies wall": ("/wall", "redirects"),
        "gzip bomb": (site.put("/bomb", bomb(), Content_Encoding="gzip"), "compression-ratio"),
        "gzip bomb in gzip": (site.put("/nested", nested, Content_Encoding="gzip, gzip"), "compression-ratio"),
        "deflate bomb": (site.put("/deflated", bomb(15), Content_Encoding="deflate"), "compression-ratio"),
        "5 GB as stated": ("/huge", "too-large"),
        "5 GB unannounced": ("/huge-chunked", "too-large"),
        "broken chunks": ("/bad-chunks", "broken-response"),
        "half a body": ("/cut", "broken-response"),
        "connection reset": ("/reset", "connection"),
        "connection reset within": ("/reset-later", "broken-response"),
        "connection closed": ("/hang-up", "connection"),
        "no HTTP": ("/garbage", "broken-response"),
        "head without end": ("/head-flood", "connection"),
        "forbidden": ("/forbidden/page", "robots"),
        "noai": (site.put("/noai", make_article(900), X_Robots_Tag="noai"), "opt-out"),
        "picture": (site.put("/picture", b"\x89PNG", Content_Type="image/png"), "not-text"),
        "unasked 304": (site.put("/unasked", b"", "304 Not Modified"), "http-304"),
        "no content": (site.put("/empty", b"", "204 No Content"), "http-204"),
        "robots 503": (site.url("/any", "localhost"), "robots"),
        "429 for hours": (site.put("/later", b"", "429 Slow", host="127.0.0.2", Retry_After="7200"), "retry-later"),
        "429 for hours, the next": (site.put("/later/2", make_article(901), host="127.0.0.2"), "retry-later"),
        "self-signed": (f"https://127.0.0.1:{site.tls_port}/page", "tls"),
        "no TLS at all": (f"https://127.0.0.1:{site.port}/page", "tls"),
    }  # fmt: skip
    traps = {name: (site.url(path) if path.startswith("/") else path, reason) for name, (path, reason) in traps.items()}
    good = {site.put(f"/good/{n}", page): page for n in range(len(traps)) for page in [make_article(n)]}
    for name, page in {
        "latin": LIAR.encode("cp1252"), "utf-16": LIAR.encode("utf-16"), "both": b"\xff\xfe\x00<p>" + LIAR.encode() * 3,
    }.items():  # fmt: skip
        good[site.put(f"/liar/{name}", page, Content_Type="text/html; charset=utf-8")] = page
    good[site.url("/busy-once")] = b"<p>at last</p>\n"
    mixed = [url for pair in zip((url for url, _ in traps.values()), list(good), strict=False) for url in pair]
    pages = site.put_sitemap("/pages.xml.gz", mixed + [url for url in good if url not in mixed])
    loop = [site.url("/loop-a.xml"), site.url("/loop-b.xml")]
    site.put_sitemap("/loop-a.xml", [loop[1]], "sitemap")
    site.put_sitemap("/loop-b.xml", loop, "sitemap")
    broken = site.put("/broken.xml", b"<p>Not found</p>")
    packed = site.put("/bomb.xml.gz", bomb(), Content_Type="application/gzip")
    further = [site.url("/index.xml"), loop[0], broken, packed, site.url("/deeper/0"), site.url("/none"), pages]
    index = site.put_sitemap("/index.xml", further, "sitemap")
    command = [sys.executable, "-m", "gonerd", "crawl", "run", "--sitemap", index, "--out", str(out)]
    command += ["--set", "timeout=1", "--set", "retries=1", "--set", f"max_bytes={2 * MEBI}", "--set", "max_pause=5"]
    command += [word for host in ("127.0.0.1", "127.0.0.2", "localhost") for word in ("--allow-host", host)]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)

    yield Crawled(site, out, traps, good, run(), run)
    site.close()


def test_no_trap_stops_the_crawl(crawled: Crawled) -> None:
    assert crawled.done.returncode == 0, crawled.done.stderr
    assert "Traceback" not in crawled.done.stderr
    counts = counts_of(crawled.out)
    assert counts["listed"] == len(crawled.traps) + len(crawled.good)
    assert counts["fetched"] == len(crawled.good)


def test_each_trap_leaves_its_reason(crawled: Crawled) -> None:
    found = skipped_of(crawled.out)
    reasons = {name: found.get(url, ("fetched", ""))[0] for name, (url, _) in crawled.traps.items()}
    assert reasons == {name: reason for name, (_, reason) in crawled.traps.items()}
    assert all(detail for url, (reason, detail) in found.items() if not reason.startswith("http-"))


def test_all_good_pages_are_stored_as_they_were_sent(crawled: Crawled, read_warc: Any) -> None:
    check(crawled.out)
    records = [r for r in read_warc(crawled.out) if r["type"] == "response" and r["http"].get_statuscode() == "200"]
    stored = {r["url"]: r["raw"] for r in records if r["headers"]["GONERD-Role"] == "page"}
    assert stored == crawled.good


def test_listings_that_lead_nowhere_are_named(crawled: Crawled) -> None:
    counts = counts_of(crawled.out)
    failed = {one["url"].removeprefix(crawled.site.url("")): one["reason"] for one in counts["failed_listings"]}
    deepest = next(path for path in failed if path.startswith("/deeper/"))
    assert failed.pop(deepest) == "depth"
    assert failed == {"/broken.xml": "unreadable", "/bomb.xml.gz": "unreadable", "/none": "http-404"}
    asked = crawled.site.count()
    assert {path: n for path, n in asked.items() if path.endswith((".xml", ".xml.gz")) and n > 1} == {}
    assert counts["repeated"] == 3  # the index in itself, and both halves of the loop


def test_no_trap_costs_more_than_its_bound(crawled: Crawled) -> None:
    sent = crawled.site.sent
    # What is in the sockets' buffers when the crawler hangs up counts as sent.
    for path in ("/huge", "/huge-chunked", "/head-flood"):
        assert sent[path] < 40 * MEBI, path
    tries = crawled.site.count()
    assert tries["/drip"] == tries["/cut"] == 2
    assert tries["/reset"] <= 3  # once more on a fresh connection, where a kept one breaks (RFC 9110, 9.2.2)
    assert tries["/bomb"] == tries["/huge"] == tries["/picture"] == 1
    assert not any("cookie" in one.headers for one in crawled.site.asked)


def test_the_pauses_that_hosts_ask_for(crawled: Crawled) -> None:
    site = crawled.site
    here = [one for one in site.asked if one.host == "127.0.0.1"]
    first, second = (i for i, one in enumerate(here) if one.path == "/busy-once")
    assert here[second].moment - here[first].moment >= 1
    between = [one.path for one in here[first + 1 : second] if one.moment - here[first].moment > 0.05]
    assert between == []
    assert site.count("127.0.0.2")["/later/2"] == 0
    assert set(site.count("localhost")) == {"/robots.txt"}


def test_the_same_command_again_asks_only_for_what_may_have_passed(crawled: Crawled) -> None:
    crawled.site.asked.clear()
    done = crawled.again()
    assert done.returncode == 0, done.stderr
    counts = counts_of(crawled.out)
    assert (counts["fetched"], counts["already"]) == (0, len(crawled.good))
    asked = {one.path for one in crawled.site.asked}
    assert not asked & {url.removeprefix(crawled.site.url("")) for url in crawled.good}
    assert not asked & {"/bomb", "/huge", "/huge-chunked", "/endless/0", "/picture", "/noai"}
    assert {"/drip", "/reset", "/cut"} <= asked
    check(crawled.out)


def test_a_sitemap_of_a_hundred_thousand(tmp_path: Path, make_article: Callable[..., bytes]) -> None:
    site = HostileSite(tmp_path)
    try:
        urls = [site.put(f"/p{n}", make_article(n)) if n < 20 else site.url(f"/p{n}") for n in range(100_000)]
        sitemap = site.put_sitemap("/sitemap.xml.gz", urls)
        words = ["crawl", "run", "--sitemap", sitemap, "--out", str(tmp_path / "w"), "--limit", "20"]
        # The process tells its own peak: what its parent is told counts the parent's memory at the fork.
        code = (
            "import re, sys; from gonerd.cli import main; code = main(sys.argv[1:]); "
            "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]); sys.exit(code)"
        )
        command = [sys.executable, "-c", code, *words, "--allow-host", "127.0.0.1"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        counts = counts_of(tmp_path / "w")
        assert (counts["listed"], counts["fetched"], counts["skipped"]) == (100_000, 20, {"limit": 99_980})
        assert site.count().total() == 20 + len(
            {"/sitemap.xml.gz", "/robots.txt", "/ai.txt", "/.well-known/tdmrep.json"}
        )
        peak = int(done.stdout.split()[-1]) / 1024
        assert peak < 300, f"{peak:.0f} MB"
    finally:
        site.close()
