"""Killed at twenty random moments and started again each time, a crawl ends as one that nobody disturbed."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gonerd.crawl.warc.cdxj import index_warc
from tests.crawl.hostile import HostileSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAGES, KILLS, CONCURRENCY = 2000, 20, 4


def build(site: HostileSite, make_article: Callable[..., bytes]) -> str:
    """Two thousand pages, some of them moved or gone, in ten sitemaps."""
    urls = []
    for n in range(PAGES):
        path = f"/page/{n}"
        if n % 50 == 7:
            site.put(path, b"", "302 Found", Location=f"/page/to/{n}")
            site.put(f"/page/to/{n}", make_article(n))
        elif n % 50 != 23:  # that one is gone
            site.put(path, make_article(n), ETag=f'"{n}"')
        urls.append(site.url(path))
    maps = [site.put_sitemap(f"/map/{i}.xml", urls[i::10]) for i in range(10)]
    return site.put_sitemap("/index.xml", maps, "sitemap")


def start(index: str, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gonerd", "crawl", "run", "--sitemap", index, "--out", str(out)]
    command += ["--allow-host", "127.0.0.1", "--concurrency", str(CONCURRENCY), "--set", "warc_bytes=200000"]
    return subprocess.Popen(command, cwd=out.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()


def kill(process: subprocess.Popen[bytes], site: HostileSite, draw: random.Random) -> None:
    """Kills a crawl some requests after it began to ask, or, one time in four, at any moment from its first breath."""
    requests = len(site.asked) + draw.randint(1, 90)
    moment = time.monotonic() + (draw.uniform(0, 2.5) if draw.random() < 0.25 else 60)
    while len(site.asked) < requests and time.monotonic() < moment and process.poll() is None:
        time.sleep(0.001)
    time.sleep(draw.uniform(0, 0.02))
    assert process.poll() is None, "the crawl ended before it was killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def account(folder: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
    counts = json.loads((folder / "crawl.json").read_text(encoding="utf-8"))
    lines = (folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    return counts, sorted(map(json.loads, lines), key=lambda line: line["url"])


def test_kill_at_twenty_moments(tmp_path: Path, make_article: Callable[..., bytes], read_warc: Any) -> None:
    site = HostileSite(tmp_path)
    try:
        index = build(site, make_article)
        whole, broken = tmp_path / "whole", tmp_path / "broken"
        finish(start(index, whole))
        draw, runs = random.Random(20260301), []
        for _ in range(KILLS):
            begun = len(site.asked)
            kill(start(index, broken), site, draw)
            runs.append([one.path for one in site.asked[begun:] if one.path.startswith("/page/")])
        begun = len(site.asked)
        finish(start(index, broken))
        runs.append([one.path for one in site.asked[begun:] if one.path.startswith("/page/")])
    finally:
        site.close()
    check_requests(runs)
    check_outcome(whole, broken, read_warc)


def check_requests(runs: list[list[str]]) -> None:
    """What was asked for again had been under way when the crawl was killed."""
    for number, run in enumerate(runs):
        later = {path for others in runs[number + 1 :] for path in others}
        # A redirected page is two requests; the second may be under way where the first is asked for again.
        under_way = set(run[-2 * CONCURRENCY :]) if any("/to/" in path for path in run[-CONCURRENCY:]) else set()
        assert later & set(run) <= set(run[-CONCURRENCY:]) | under_way, number
    asked = Counter(path for run in runs for path in run)
    assert asked.total() - len(asked) <= KILLS * CONCURRENCY


def check_outcome(whole: Path, broken: Path, read_warc: Any) -> None:
    stored = {}
    for folder in (whole, broken):
        records = [r for r in read_warc(folder) if r["type"] == "response" and r["headers"]["GONERD-Role"] == "page"]
        pages = [
            (r["url"], hashlib.sha256(r["raw"]).hexdigest()) for r in records if r["http"].get_statuscode() == "200"
        ]
        assert len(pages) == len(set(pages)) == PAGES * 49 // 50  # each once
        stored[folder] = set(pages)
        checked = [sys.executable, "-m", "warcio.cli", "check", *map(str, sorted(folder.glob("*.warc.gz")))]
        assert subprocess.run(checked, capture_output=True, timeout=120, check=False).returncode == 0
        lines = [line for path in sorted(folder.glob("*.warc.gz")) for line in index_warc(path)]
        assert (folder / "index.cdxj").read_text(encoding="utf-8").splitlines() == sorted(lines)
        assert not list(folder.glob("*.open"))
    assert stored[whole] == stored[broken]
    (before, gone), (after, also_gone) = account(whole), account(broken)
    assert gone == also_gone
    assert [one["reason"] for one in gone] == ["http-404"] * (PAGES // 50)
    assert before["listed"] == after["listed"] == PAGES
    assert before["fetched"] == after["fetched"] + after["already"] == PAGES * 49 // 50
    assert after["already"] > 0
    assert before["repeated"] == after["repeated"] == 0
