"""Extraction at scale: pages a second with one worker and with two, against bare trafilatura; memory over many pages.

Usage: python benchmarks/extract_scale.py [--pages 3000] [--rounds 3] [--memory 5000,50000] [--settle 200000,1000000]
       [--real ../shared/data/news_pages] [--out benchmarks/results/extract_scale.json]

Speed: the same pages in turn by `trafilatura.extract` alone in one process, by `gonerd crawl extract` with one worker,
and with two; medians over the rounds. The pages are the embedded site's, each a little different, or real ones that
lie beside the checkout. Memory: the largest resident set of any of the command's processes, over short pages. Settling
duplicates: documents with random signatures, one in ten a near-copy, in a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from gonerd.crawl.site.documents import load_pages
from gonerd.crawl.site.routes import Site
from gonerd.markdown import table

PER_FILE = 50  # few enough that shares come out even
WORKERS = (1, 2)
LIBRARIES = ("trafilatura", "lxml", "datatrove", "pyarrow", "warcio")


def site_pages(count: int) -> Iterator[tuple[str, bytes]]:
    """Yields the embedded site's pages again and again, each time with other words in every sentence."""
    pages = load_pages()
    site = Site(pages, "http://site.test")
    bodies = [site.answer(page.address).body for page in pages]
    for number in range(count):
        page, body = pages[number % len(pages)], bodies[number % len(pages)]
        mark = f"{number:x}".encode()
        body = body.replace(b" the ", b" the" + mark + b" ").replace(
            page.address.encode(), page.address.encode() + mark
        )
        yield f"https://bench.example{page.address}{number:x}", body


def real_pages(folder: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """Yields real pages again and again, under an address of their own each."""
    paths = sorted(folder.glob("*/*.html.gz"))
    bodies = [gzip.decompress(path.read_bytes()) for path in paths]
    for number in range(count):
        yield f"https://bench.example/{number}", bodies[number % len(bodies)]


def short_pages(count: int) -> Iterator[tuple[str, bytes]]:
    """Yields short pages that have nothing in common."""
    for number in range(count):
        words = " ".join(f"w{number:x}x{i}" for i in range(120))
        yield (
            f"https://bench.example/{number}",
            f"<html><body><article><h1>Page {number}</h1><p>{words}.</p></article></body></html>".encode(),
        )


def write_warcs(folder: Path, pages: Iterator[tuple[str, bytes]]) -> int:
    """Writes pages to WARC files, `PER_FILE` each; returns their bytes before compression."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    folder.mkdir(parents=True)
    handle, size = None, 0
    for number, (url, body) in enumerate(pages):
        if number % PER_FILE == 0:
            if handle:
                handle.close()
            handle = (folder / f"{number // PER_FILE:05d}.warc.gz").open("wb")
            writer = WARCWriter(handle, gzip=True, warc_version="1.1")
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head))
        size += len(body)
    if handle:
        handle.close()
    return size


def bare(folder: Path) -> tuple[float, float]:
    """Extracts every page with trafilatura alone; returns seconds and processor seconds, reading apart."""
    code = (
        "import sys, time, trafilatura\nfrom pathlib import Path\nfrom warcio.archiveiterator import ArchiveIterator\n"
        "wall = busy = 0\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.warc.gz')):\n"
        "    with path.open('rb') as handle:\n"
        "        bodies = [r.content_stream().read() for r in ArchiveIterator(handle)]\n"
        "    start, begun = time.perf_counter(), time.process_time()\n"
        "    for body in bodies:\n"
        "        trafilatura.extract(body)\n"
        "    wall, busy = wall + time.perf_counter() - start, busy + time.process_time() - begun\n"
        "print(wall, busy)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True)
    wall, busy = map(float, done.stdout.split())
    return wall, busy


def command(folder: Path, out: Path, workers: int) -> list[str]:
    """Returns the words of one extraction."""
    words = ["crawl", "extract", str(folder), "--out", str(out), "--workers", str(workers)]
    return [sys.executable, "-P", "-m", "gonerd", *words]


def extraction(folder: Path, workers: int) -> tuple[float, float]:
    """Runs the command as a user would; returns seconds and processor seconds, starting the processes included."""
    busy: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as work:
        start = time.perf_counter()
        with subprocess.Popen(command(folder, Path(work) / "d", workers), stdout=subprocess.DEVNULL) as process:
            watched = psutil.Process(process.pid)
            while process.poll() is None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    for one in (watched, *watched.children(recursive=True)):
                        times = one.cpu_times()
                        busy[one.pid] = times.user + times.system
                time.sleep(0.05)
        seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the extraction with {workers} workers failed")
    return seconds, sum(busy.values())


def speed(work: Path, pages: Iterator[tuple[str, bytes]], count: int, rounds: int) -> dict[str, Any]:
    """Measures bare extraction and the command in turn."""
    folder = work / "speed"
    size = write_warcs(folder, pages)
    seconds: dict[str, list[float]] = {"bare": [], **{f"workers_{n}": [] for n in WORKERS}}
    busy: dict[str, list[float]] = {name: [] for name in seconds}
    for number in range(rounds):
        turns = {"bare": bare(folder), **{f"workers_{n}": extraction(folder, n) for n in WORKERS}}
        for name, (wall, processor) in turns.items():
            seconds[name].append(wall)
            busy[name].append(processor)
        said = ", ".join(f"{name} {wall:.1f} s" for name, (wall, _) in turns.items())
        print(f"round {number + 1}: {said}", file=sys.stderr)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    packed = sum(path.stat().st_size for path in folder.glob("*.warc.gz"))
    return {
        "pages": count,
        "bytes_a_page": size / count,
        "packed_bytes_a_page": packed / count,
        "seconds": seconds,
        "processor_seconds": busy,
        "pages_a_second": {name: count / value for name, value in medians.items()},
        "two_workers_over_one": medians["workers_1"] / medians["workers_2"],
        "of_bare_times_workers": {str(n): medians["bare"] / n / medians[f"workers_{n}"] for n in WORKERS},
    }


def memory(work: Path, count: int) -> dict[str, Any]:
    """Runs the command with two workers and watches its processes."""
    folder = work / f"memory-{count}"
    write_warcs(folder, short_pages(count))
    start, parent_peak, worker_peak = time.perf_counter(), 0, 0
    with subprocess.Popen(command(folder, work / "d", 2), stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                parent_peak = max(parent_peak, watched.memory_info().rss)
                for child in watched.children(recursive=True):
                    worker_peak = max(worker_peak, child.memory_info().rss)
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"the extraction of {count} pages failed")
    seconds = time.perf_counter() - start
    return {"pages": count, "seconds": seconds, "parent_mb": parent_peak / 2**20, "worker_mb": worker_peak / 2**20}


def settle_alone(count: int) -> None:
    """Settles in this process and prints a JSON line."""
    import numpy as np

    from gonerd.crawl.dedup.columns import Columns
    from gonerd.crawl.dedup.settle import settle

    draw = np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    columns = Columns.empty(count)
    for start in range(0, count, 10_000):  # in pieces, so that making them up needs no memory
        stop = min(start + 10_000, count)
        columns.signature[start:stop] = draw.integers(0, 2**32, (stop - start, 128), dtype=np.uint32)
    columns.address[:] = np.arange(count)
    columns.identity[:] = np.array([f"{i:016x}" for i in range(count)], columns.identity.dtype)
    columns.text[:] = np.arange(2 * count, dtype=np.uint64).view(columns.text.dtype)
    columns.length[:] = draw.integers(200, 9000, count)
    copies = np.arange(9, count, 10)
    columns.signature[copies, :120] = columns.signature[copies - 1, :120]
    start_time = time.perf_counter()
    found = settle(columns)
    seconds = time.perf_counter() - start_time
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    left_out = int((found.verdict != 0).sum())
    print(json.dumps({"documents": count, "seconds": seconds, "peak_mb": (peak - before) / 1024, "left_out": left_out}))


def main() -> None:
    """Measures, prints the tables, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="5000,50000")
    parser.add_argument("--settle", default="200000,1000000")
    parser.add_argument("--real", type=Path, default=None, help="folder of real pages, for measuring only")
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    parser.add_argument("--settle-alone", type=int, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.settle_alone:
        settle_alone(arguments.settle_alone)
        return
    result: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "machine": platform.machine(), "load_before": os.getloadavg()[0]},
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }
    with tempfile.TemporaryDirectory() as work:
        pages = site_pages(arguments.pages)
        result["speed"] = speed(Path(work) / "site", pages, arguments.pages, arguments.rounds)
        if arguments.real:
            pages = real_pages(arguments.real, arguments.pages)
            result["speed_real"] = speed(Path(work) / "real", pages, arguments.pages, arguments.rounds)
        result["memory"] = [memory(Path(work), int(count)) for count in arguments.memory.split(",") if count]
    result["settle"] = []
    for count in filter(None, arguments.settle.split(",")):
        alone = [sys.executable, "-P", __file__, "--settle-alone", count]
        done = subprocess.run(alone, check=True, stdout=subprocess.PIPE, text=True)
        result["settle"].append(json.loads(done.stdout))
    for name in ("speed", "speed_real"):
        if name in result:
            found = result[name]
            rows = [{"what": key, "pages/s": round(value, 1)} for key, value in found["pages_a_second"].items()]
            print(table(rows))
            processor = {key: round(statistics.median(value), 1) for key, value in found["processor_seconds"].items()}
            print(f"processor seconds: {processor}")
            share = {key: round(value, 3) for key, value in found["of_bare_times_workers"].items()}
            print(f"two workers over one: {found['two_workers_over_one']:.2f}; of bare times workers: {share}\n")
    for name in ("memory", "settle"):
        if result[name]:
            print(table([{key: round(value, 1) for key, value in row.items()} for row in result[name]]) + "\n")
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
