"""Serving the demo site."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gonerd.errors import GonerdError

from .answers import Answer
from .documents import load_pages
from .routes import Site


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "gonerd-demo"
    server: _Server
    timeout = 30  # seconds without a word before a connection is given up

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        try:
            answer = self.server.site.answer(self.path)
        except GonerdError as error:
            body = f"{error}\n".encode()
            answer = Answer("text/plain; charset=utf-8", body, HTTPStatus.INTERNAL_SERVER_ERROR)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stays silent; the crawler's own record says what was asked."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise GonerdError(
                f"cannot listen on {host} port {port} ({error.strerror or error}); choose another --port or --host"
            ) from error
        self.base = f"http://{host}:{self.server_port}"
        self.site = Site(load_pages(), self.base)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Passes over clients that hang up, as crawlers may; everything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serve_site(host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves the demo site in the background while the block runs.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one.

    Yields:
        The address of the site, with a final slash.

    Raises:
        GonerdError: The port is taken, or a page is malformed.
    """
    with _Server(host, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"{server.base}/"
        finally:
            server.shutdown()
            thread.join()


def serve_forever(host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serves the demo site until interrupted.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        ready: Called with the site's address once it answers.

    Raises:
        GonerdError: The port is taken, or a page is malformed.
    """
    with _Server(host, port) as server, contextlib.suppress(KeyboardInterrupt):
        ready(f"{server.base}/")
        server.serve_forever()
