from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGES = 30
KILLED_AFTER = 6


def stored(records: list[dict[str, Any]]) -> Counter[str]:
    return Counter(r["url"] for r in records if r["type"] == "response" and r["headers"].get("GONERD-Role") == "page")


def test_a_killed_crawl_goes_on_where_it_stopped(
    site: Any,
    crawl: Callable[..., subprocess.CompletedProcess[str]],
    make_article: Callable[..., bytes],
    read_warc: Callable[[Path], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    pages = [site.page(f"/p{n}", make_article(n)) for n in range(PAGES)]
    sitemap = site.sitemap("/sitemap.xml", *pages)
    words = ["--sitemap", sitemap, "--out", str(tmp_path / "w")]
    site.pause = 0.15
    command = [sys.executable, "-m", "gonerd", "crawl", "run", "--allow-host", "127.0.0.1", *words]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while sum(path.startswith("/p") for path in site.count()) < KILLED_AFTER and time.monotonic() < deadline:
        time.sleep(0.005)
    second = crawl(*words)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert second.returncode == 1  # two at once must not double anything: the later one steps back
    assert "another process is writing here" in second.stderr
    leftovers = list((tmp_path / "w").glob("*.open"))
    assert len(leftovers) == 1
    with leftovers[0].open("ab") as handle:  # a kill within a write leaves half a member
        handle.write(b"\x1f\x8b\x08\x00torn")
    site.pause = 0
    done = crawl(*words)
    assert done.returncode == 0, done.stderr
    assert stored(read_warc(tmp_path / "w")) == Counter(pages)
    counts = json.loads((tmp_path / "w" / "crawl.json").read_text())
    assert counts["fetched"] + counts["already"] == counts["listed"] == PAGES
    assert 0 < counts["already"] < PAGES
    assert not list((tmp_path / "w").glob("*.open"))


def test_an_interrupted_crawl_stops_in_order(
    site: Any, make_article: Callable[..., bytes], read_warc: Callable[[Path], list[dict[str, Any]]], tmp_path: Path
) -> None:
    sitemap = site.sitemap("/sitemap.xml", *(site.page(f"/p{n}", make_article(n)) for n in range(PAGES)))
    site.pause = 0.05
    words = ["crawl", "run", "--allow-host", "127.0.0.1", "--sitemap", sitemap, "--out", str(tmp_path / "w")]
    process = subprocess.Popen(
        [sys.executable, "-m", "gonerd", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while len(site.asked) < 5 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again" in errors
    assert 0 < len(stored(read_warc(tmp_path / "w"))) < PAGES
    counts = json.loads((tmp_path / "w" / "crawl.json").read_text())
    assert counts["listed"] == counts["fetched"] + sum(counts["skipped"].values())
    assert counts["skipped"]["unfinished"] > 0
