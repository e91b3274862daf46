"""WARC files in shares, behind addresses that fail, and in lists."""

from __future__ import annotations

import gzip
import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd.crawl.extraction.run import extract
from gonerd.crawl.warc import remote
from gonerd.crawl.warc.inputs import COMMON_CRAWL, warc_names
from gonerd.crawl.warc.read import FalseSplit, read_records, read_stream
from gonerd.crawl.warc.remote import open_at, size_of
from gonerd.crawl.warc.split import split_points
from gonerd.errors import GonerdError

URL = "https://example.org"


def record(block: bytes, number: int = 0) -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:x:{number}>\r\nWARC-Target-URI: {URL}\r\n"
        f"WARC-Date: 2025-03-01T10:00:00Z\r\nContent-Type: text/plain\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def offsets(path: Path, start: int = 0, end: int | None = None) -> list[int]:
    with open_at(str(path), start) as handle:
        return [offset for offset, _ in read_stream(handle, str(path), start, end)]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6000), min_size=1, max_size=25), st.integers(50, 4000), st.randoms())
def test_shares_make_up_the_file(tmp_path_factory: Any, sizes: list[int], share: int, draw: Any) -> None:
    path = tmp_path_factory.mktemp("share") / "x.warc.gz"
    members = [gzip.compress(record(draw.randbytes(size), i)) for i, size in enumerate(sizes)]
    path.write_bytes(b"".join(members))
    points = split_points(str(path), path.stat().st_size, share)
    whole = [offset for offset, _ in read_records(path)]
    assert len(whole) == len(sizes)
    assert set(points) <= set(whole) and points[0] == 0
    parts = [offsets(path, a, b) for a, b in zip(points, [*points[1:], None], strict=True)]
    assert [offset for part in parts for offset in part] == whole


def test_long_files_are_cut_about_evenly(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(gzip.compress(record(bytes([i]) * 50)) for i in range(200)))
    points = split_points(str(path), path.stat().st_size, path.stat().st_size // 8)
    assert len(points) == 8


def test_what_cannot_be_cut_is_read_whole(tmp_path: Path) -> None:
    plain, one = tmp_path / "x.warc", tmp_path / "y.warc.gz"
    content = b"".join(record(b"x" * 1000) for _ in range(20))
    plain.write_bytes(content)
    one.write_bytes(gzip.compress(content, 1))
    for path in (plain, one):
        assert split_points(str(path), path.stat().st_size, 100) == [0]
        assert len(offsets(path)) == 20


def test_a_warc_file_inside_a_record_is_noticed(tmp_path: Path) -> None:
    """Stored as it came, its records look like the file's own; the share before shows that they are not."""
    path = tmp_path / "x.warc.gz"
    inner = b"".join(gzip.compress(record(b"i" * 300, i)) for i in range(8))
    stored = io.BytesIO()
    with gzip.GzipFile(fileobj=stored, mode="wb", compresslevel=0) as member:
        member.write(record(inner, 100))
    path.write_bytes(gzip.compress(record(b"a", 99)) + stored.getvalue() + gzip.compress(record(b"z", 101)))
    points = split_points(str(path), path.stat().st_size, 600)
    assert len(offsets(path)) == 3
    with pytest.raises(FalseSplit, match="--no-split"):
        offsets(path, 0, points[1])


class Server:
    """Serves one file and breaks off after some bytes, so many times; with ranges or without."""

    def __init__(self, content: bytes, *, breaks: int = 0, ranges: bool = True) -> None:
        self.content, self.breaks, self.ranges = content, breaks, ranges
        self.asked: list[str] = []
        self.busy = 0

    def answer(self, handler: BaseHTTPRequestHandler, body: bool) -> None:
        if self.busy:
            self.busy -= 1
            handler.send_error(503)
            return
        if handler.path == "/none.warc.gz":
            handler.send_error(404)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", "")) if self.ranges else None
        start = int(wanted[1]) if wanted else 0
        end = min(int(wanted[2]) + 1 if wanted and wanted[2] else len(self.content), len(self.content))
        handler.send_response(206 if wanted else 200)
        if self.ranges:
            handler.send_header("Accept-Ranges", "bytes")
        if wanted:
            handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(end - start))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        if not body:
            return
        self.asked.append(handler.headers.get("Range", ""))
        block = self.content[start:end]
        if self.breaks and len(block) > 1000:
            self.breaks -= 1
            block = block[: len(block) // 2]
        handler.wfile.write(block)


@contextmanager
def served(site: Server) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.answer(self, body=True)

        def do_HEAD(self) -> None:
            site.answer(self, body=False)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def content(warc_page: Callable[..., bytes], make_article: Callable[..., bytes]) -> bytes:
    return b"".join(gzip.compress(warc_page(f"{URL}/{i}", make_article(i), i)) for i in range(20))


@pytest.mark.parametrize(("breaks", "ranges"), [(0, True), (3, True), (0, False), (2, False)])
def test_a_remote_file_is_read_like_a_local_one(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: int, ranges: bool
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.01)
    (tmp_path / "x.warc.gz").write_bytes(content)
    site = Server(content, breaks=breaks, ranges=ranges)
    site.busy = 2 * breaks
    with served(site) as base:
        if ranges:
            assert size_of(f"{base}/x.warc.gz") == len(content)
        extract(f"{base}/x.warc.gz", tmp_path / "there")
        with open_at(f"{base}/x.warc.gz", 1000) as handle:
            assert handle.read() == content[1000:]
    extract(tmp_path / "x.warc.gz", tmp_path / "here")
    assert site.breaks == 0
    for name in ("part-00000.parquet", "extract.json"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_remote_file_that_stays_away(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.001)
    with served(Server(content, breaks=10**6)) as base:
        with pytest.raises(GonerdError, match=r"none\.warc\.gz: cannot be read .*; check the address"):
            extract(f"{base}/none.warc.gz", tmp_path / "d")
        with pytest.raises(GonerdError, match=f"after {remote.ATTEMPTS} attempts; run the same"):
            extract(f"{base}/x.warc.gz", tmp_path / "d")
    with pytest.raises(GonerdError, match=f"beyond byte 0 .* after {remote.ATTEMPTS} attempts"):
        extract(f"{base}/x.warc.gz", tmp_path / "d")  # nobody listens any more
    assert not (tmp_path / "d").exists()
    with pytest.raises(GonerdError, match=r"x\.warc\.gz: cannot be (read|opened)"):
        extract("nosuch://bucket/x.warc.gz", tmp_path / "d")


def test_lists_of_paths(content: bytes, tmp_path: Path) -> None:
    listed = tmp_path / "warc.paths.gz"
    listed.write_bytes(gzip.compress(b"crawl-data/CC-NEWS/a.warc.gz\n\ncrawl-data/CC-NEWS/b.warc.gz\n"))
    assert warc_names([str(listed)]) == [f"{COMMON_CRAWL}crawl-data/CC-NEWS/{name}.warc.gz" for name in "ab"]
    assert warc_names([str(listed)], "s3://commoncrawl/")[0] == "s3://commoncrawl/crawl-data/CC-NEWS/a.warc.gz"
    (tmp_path / "x.warc.gz").write_bytes(content)
    own = tmp_path / "own.txt"
    own.write_text(f"{tmp_path / 'x.warc.gz'}\n# no\nhttps://example.org/y.warc.gz\n")
    twice = [str(own), str(tmp_path / "x.warc.gz")]
    assert warc_names(twice) == [str(tmp_path / "x.warc.gz"), "https://example.org/y.warc.gz"]
    (tmp_path / "empty.paths").write_text("\n")
    (tmp_path / "bad.paths.gz").write_bytes(b"no gzip")
    for name, words in (("empty.paths", "lists no WARC file"), ("bad.paths.gz", "not a list"), ("no.txt", "no such")):
        with pytest.raises(GonerdError, match=words):
            warc_names([str(tmp_path / name)])
