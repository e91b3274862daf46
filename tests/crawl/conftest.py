"""A small web server that misbehaves on request, and the command run as a user runs it."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PARAGRAPH = (
    "The harbour board of Port Sable met on Tuesday to hear what the engineer Marta Ilves had written about "
    "the northern quay, and the minutes record that nobody in the room disputed her figures for year {n}."
)


def article(n: int, head: str = "") -> bytes:
    """A page whose text is long enough to keep and different for every n."""
    body = "".join(f"<p>{PARAGRAPH.format(n=1000 * n + i)}</p>" for i in range(4))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quay {n}</title>{head}</head>'
        f"<body><main><article><h1>Quay {n}</h1>{body}</article></main></body></html>"
    ).encode()


class LoopbackSite:
    """Answers from a table of path -> (status, headers, body) and remembers what it was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, tuple[int, dict[str, str], bytes] | str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.pause = 0.0
        self.busy = self.most_busy = 0
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def page(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = (status, {"Content-Type": "text/html; charset=utf-8", **named}, body)
        return self.base + path

    def sitemap(self, path: str, *urls: str, tag: str = "url", pack: bool = False) -> str:
        inner = "".join(f"<{tag}><loc>{url}</loc></{tag}>" for url in urls)
        root = "urlset" if tag == "url" else "sitemapindex"
        xml = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</{root}>'.encode()
        return self.page(path, gzip.compress(xml) if pack else xml, Content_Type="application/xml")

    def robots(self, body: str, status: int = 200) -> None:
        self.page("/robots.txt", body.encode(), status, Content_Type="text/plain")

    def count(self) -> Counter[str]:
        return Counter(path for path, _ in self.asked)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked.append((handler.path, dict(handler.headers)))
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        time.sleep(self.pause)
        try:
            self._send(handler, self.routes.get(handler.path, (404, {"Content-Type": "text/plain"}, b"gone")))
        finally:
            with self._lock:
                self.busy -= 1

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, found: tuple[int, dict[str, str], bytes] | str) -> None:
        if found == "hang up":
            handler.close_connection = True
            return
        assert not isinstance(found, str)
        status, headers, body = found
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:50], body[50:])) + b"0\r\n\r\n"
        else:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture(scope="module")
def new_site() -> Iterator[Callable[[], LoopbackSite]]:
    sites: list[tuple[LoopbackSite, threading.Thread]] = []

    def start() -> LoopbackSite:
        site = LoopbackSite()
        thread = threading.Thread(target=site.server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        sites.append((site, thread))
        return site

    yield start
    for site, thread in sites:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


@pytest.fixture
def site(new_site: Callable[[], LoopbackSite]) -> LoopbackSite:
    return new_site()


@pytest.fixture(scope="module")
def gonerd(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command from a folder in which no `gonerd/` shadows the package."""
    folder = tmp_path_factory.mktemp("cwd")

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gonerd", *map(str, words)]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)

    return call


@pytest.fixture(scope="module")
def crawl(gonerd: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `gonerd crawl run` with the loopback host allowed."""

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return gonerd("crawl", "run", "--allow-host", "127.0.0.1", *words)

    return call


@pytest.fixture(scope="session")
def make_article() -> Callable[..., bytes]:
    return article


@pytest.fixture(scope="session")
def read_warc() -> Callable[[Path], list[dict[str, Any]]]:
    """Reads WARC files with the library alone, as the independent judge of what we wrote."""
    from warcio.archiveiterator import ArchiveIterator

    def read(folder: Path) -> list[dict[str, Any]]:
        found = []
        for path in sorted(folder.glob("*.warc.gz")):
            with path.open("rb") as handle:
                for record in ArchiveIterator(handle, check_digests="raise"):
                    found.append(
                        {
                            "type": record.rec_type,
                            "headers": dict(record.rec_headers.headers),
                            "url": record.rec_headers.get_header("WARC-Target-URI"),
                            "id": record.rec_headers.get_header("WARC-Record-ID"),
                            "http": record.http_headers,
                            "raw": record.raw_stream.read(),
                        }
                    )
        return found

    return read


@pytest.fixture(scope="session")
def warc_record() -> Callable[..., bytes]:
    """Writes one WARC record by hand."""

    def write(
        kind: str, url: str | None, block: bytes, number: int = 0, date: str = "2025-03-01T10:00:00Z", **extra: str
    ) -> bytes:
        lines = [
            "WARC/1.1",
            f"WARC-Type: {kind}",
            f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>",
            f"WARC-Date: {date}",
            *([f"WARC-Target-URI: {url}"] if url else []),
            *(f"{name.replace('_', '-')}: {value}" for name, value in extra.items()),
            f"Content-Length: {len(block)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"

    return write


@pytest.fixture(scope="session")
def warc_page(warc_record: Callable[..., bytes]) -> Callable[..., bytes]:
    """Writes a response record by hand."""

    def write(
        url: str, body: bytes, number: int = 1, status: int = 200, kind: str = "text/html; charset=utf-8", **extra: str
    ) -> bytes:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return warc_record("response", url, head.encode() + body, number, **extra)

    return write
