"""A plain loopback site: pages that name no other address as their own."""

import contextlib
import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def plain_site(pages):
    """Serves page i of `pages` at /i while the block runs; yields the address with a final slash."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            number = self.path.strip("/")
            found = number.isdigit() and int(number) < len(pages)
            body = _html(pages[int(number)]) if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _html(page):
    body = "".join(f"<p>{html.escape(line)}</p>" for block in page.blocks for line in block.lines)
    head = f"<title>{html.escape(page.title)}</title><meta name=date content={page.published}>"
    return f"<!doctype html><html lang=en><head>{head}</head><body><article>{body}</article></body></html>".encode()
