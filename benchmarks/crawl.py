"""Pages a second of a crawl against a bare Scrapy spider that only saves bodies, and memory over many pages.

Usage: python benchmarks/crawl.py [--pages 3000] [--rounds 3] [--memory 5000,50000] [--plain] [--out FILE]

A small server in a process of its own sends pages of 30 to 80 kB, packed with gzip as most sites do. In each round the
two crawlers take turns, each in a process of its own, 16 requests at a time and no delay. The rate is counted at the
server, from the first page asked for to the last, so the start of Python is left out; processor time has it all.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from gonerd.markdown import table

CONCURRENCY = 16
BODIES = 256


def bodies(*, plain: bool, seed: int = 0) -> list[bytes]:
    """Returns whole HTTP responses with pages of 30 to 80 kB of invented words, which gzip packs to a third."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghiklmnoprstuvy", k=draw.randint(2, 10))) for _ in range(5_000)]
    usual = [1 / rank for rank in range(1, len(words) + 1)]  # as words are in any language
    found = []
    for number in range(BODIES):
        page, size = [f"<!doctype html><html><head><title>{number}</title></head><body>"], draw.randint(30_000, 80_000)
        while size > 0:
            page.append(f'<p class="body {draw.choice(words)}">{" ".join(draw.choices(words, usual, k=60))}</p>\n')
            size -= len(page[-1])
        body = "".join([*page, "</body></html>"]).encode()
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
        if not plain:
            body, head = gzip.compress(body), head + "Content-Encoding: gzip\r\n"
        found.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return found


class Pages(asyncio.Protocol):
    """Answers requests; `/stats` says how many pages were asked for in how many seconds, and counts anew."""

    answers: list[bytes]
    moments: list[float] = []  # noqa: RUF012 - one account for all connections

    def connection_made(self, transport: Any) -> None:
        """Keeps the connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers what came; a request is one segment on a loopback."""
        for request in data.split(b"\r\n\r\n")[:-1]:
            path = request.split(b" ", 2)[1]
            if path.startswith(b"/page/"):
                self.moments.append(time.monotonic())
                answer = self.answers[int(path[6:]) % BODIES]
            elif path == b"/stats":
                first, last = (self.moments[0], self.moments[-1]) if self.moments else (0.0, 0.0)
                body = json.dumps([len(self.moments), last - first]).encode()
                answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
                self.moments.clear()
            else:
                answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            self.transport.write(answer)


async def serve(*, plain: bool) -> None:
    """Serves until it is stopped and prints its port first."""
    Pages.answers = bodies(plain=plain)
    server = await asyncio.get_running_loop().create_server(Pages, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def bare(urls: Path, out: Path) -> None:
    """The spider to compare with: Scrapy as it comes, and a callback of one line that appends to one file."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    class Bare(scrapy.Spider):
        name = "bare"

        async def start(self) -> Any:
            for url in urls.read_text().split():
                yield scrapy.Request(url)

        def parse(self, response: Any) -> None:
            handle.write(response.body)

    limits = {"CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY, "DOWNLOAD_DELAY": 0}
    with out.open("wb") as handle:
        process = CrawlerProcess({**limits, "LOG_LEVEL": "WARNING"})
        process.crawl(Bare)
        process.start()


def command(crawler: str, urls: Path, out: Path) -> list[str]:
    """Returns the command line of a crawler."""
    if crawler == "bare Scrapy":
        return [sys.executable, "-P", __file__, "--bare", str(urls), str(out)]
    words = [sys.executable, "-P", "-m", "gonerd", "crawl", "run", "--urls", str(urls), "--out", str(out)]
    return [*words, "--allow-host", "127.0.0.1", "--concurrency", str(CONCURRENCY), "--delay", "0"]


def crawl(crawler: str, pages: int, port: int, work: Path) -> dict[str, Any]:
    """Lets a crawler fetch so many pages and returns what it took."""
    folder = Path(tempfile.mkdtemp(dir=work))
    urls = folder / "urls.txt"
    urls.write_text("".join(f"http://127.0.0.1:{port}/page/{n}\n" for n in range(pages)))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command(crawler, urls, folder / "out"), cwd=folder, stdout=log, stderr=log)
        memory, pid = [], 0
        while not pid:
            time.sleep(0.2)
            memory.append(resident(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    with urlopen(f"http://127.0.0.1:{port}/stats") as answer:
        sent, seconds = json.load(answer)
    if process.returncode or sent != pages:
        raise SystemExit(
            f"{crawler} ended with {process.returncode} after {sent} pages:\n{(folder / 'log').read_text()}"
        )
    shutil.rmtree(folder)
    return {
        "crawler": crawler,
        "pages": pages,
        "pages_per_second": pages / seconds,
        "cpu_ms_per_page": 1000 * (usage.ru_utime + usage.ru_stime) / pages,
        "peak_mb": usage.ru_maxrss / 1024,
        "mb_after": {f"{part}/4": memory[(len(memory) - 2) * part // 4] for part in (1, 2, 3)},
    }


def resident(pid: int) -> float:
    """Returns the resident memory of a process in MB, 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    return 0.0


def measure(arguments: argparse.Namespace, port: int, work: Path) -> dict[str, Any]:
    """Makes all runs."""
    speed, memory = [], []
    for number in range(arguments.rounds):
        for crawler in ("bare Scrapy", "gonerd") if number % 2 == 0 else ("gonerd", "bare Scrapy"):
            speed.append(crawl(crawler, arguments.pages, port, work) | {"round": number})
            print(f"{crawler}: {speed[-1]['pages_per_second']:.0f} pages/s", file=sys.stderr)
    for pages in map(int, filter(None, arguments.memory.split(","))):
        memory.append(crawl("gonerd", pages, port, work))
        print(f"{pages} pages: {memory[-1]['peak_mb']:.0f} MB", file=sys.stderr)

    def of(crawler: str, name: str) -> list[float]:
        return [run[name] for run in speed if run["crawler"] == crawler]

    def paired(name: str) -> list[float]:
        by_round = sorted(speed, key=lambda run: (run["round"], run["crawler"]))
        return [ours[name] / theirs[name] for theirs, ours in zip(by_round[::2], by_round[1::2], strict=True)]

    def ratio(name: str) -> dict[str, Any]:
        return {"each": paired(name), "median": statistics.median(paired(name))}

    names = ("pages_per_second", "cpu_ms_per_page", "peak_mb")
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {name: metadata.version(name) for name in ("gonerd", "scrapy", "twisted", "warcio", "isal")},
        "settings": {"pages": arguments.pages, "rounds": arguments.rounds, "concurrency": CONCURRENCY}
        | {"encoding": "identity" if arguments.plain else "gzip"},
        "median": {
            crawler: {name: statistics.median(of(crawler, name)) for name in names}
            for crawler in ("bare Scrapy", "gonerd")
        },
        "ratio_of_rates": ratio("pages_per_second"),
        "ratio_of_processor_time": ratio("cpu_ms_per_page"),
        "memory": memory,
        "runs": speed,
    }


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", default="5000,50000", help="numbers of pages, for the peak memory; empty for none")
    parser.add_argument("--plain", action="store_true", help="send the pages unpacked")
    parser.add_argument("--folder", type=Path, default=None, help="where what is fetched goes for a while")
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    parser.add_argument("--bare", nargs=2, type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        bare(*arguments.bare)
        return
    if arguments.serve:
        asyncio.run(serve(plain=arguments.plain))
        return
    server = subprocess.Popen(
        [sys.executable, "-P", __file__, "--serve", *(["--plain"] if arguments.plain else [])],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with tempfile.TemporaryDirectory(dir=arguments.folder) as work:
            found = measure(arguments, port, Path(work))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    print(table([row(run) for run in ({"crawler": name, **run} for name, run in found["median"].items())]))
    rates, times = found["ratio_of_rates"]["median"], found["ratio_of_processor_time"]["median"]
    print(f"\nmedian of {arguments.rounds} rounds: rate {rates:.2f} of bare Scrapy, processor time {times:.2f}\n")
    if found["memory"]:
        print(table([memory_row(run) for run in found["memory"]]))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n")


def row(run: dict[str, Any]) -> dict[str, object]:
    """Returns a row of a table."""
    return {
        "crawler": run["crawler"],
        "pages/s": round(run["pages_per_second"]),
        "processor ms a page": round(run["cpu_ms_per_page"], 2),
        "peak MB": round(run["peak_mb"]),
    }


def memory_row(run: dict[str, Any]) -> dict[str, object]:
    """Returns a row of the table of memory: at each quarter of a run's time, and its peak."""
    return {
        "pages": run["pages"],
        **{f"MB after {part}": round(found) for part, found in run["mb_after"].items()},
        "peak MB": round(run["peak_mb"]),
    }


if __name__ == "__main__":
    main()
