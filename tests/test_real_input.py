"""The road on real pages, if they lie beside the checkout: every count reconciles from crawl to load."""

import gzip
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest

from gonerd import Document, Rejected
from gonerd.annotation.run import annotate_documents
from gonerd.crawl.extraction.run import extract
from gonerd.dataset.build import BuildSettings, build_dataset
from gonerd.dataset.load import load_dataset
from gonerd.io import pair
from gonerd.tables import read_table

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ENGLISH = ("au", "ca", "ind", "ls", "my", "na", "tz", "uk", "us", "za")
LEGAL_PAGES = 20  # opinions are long: more of them only annotate longer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the third-party pages are not beside this checkout"),
]


def address(url):
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def news_pages():
    for country in ENGLISH:
        folder = DATA / "news_pages" / country
        for name, meta in json.loads((folder / "meta.info").read_text()).items():
            if (folder / name).exists():
                yield address(meta["url"]), gzip.decompress((folder / name).read_bytes())


def legal_pages():
    with gzip.open(DATA / "legal_pages" / "opinions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for _, line in zip(range(LEGAL_PAGES), lines, strict=False):
            row = json.loads(line)
            yield address(row["url"]), row["html"].encode()


@contextmanager
def served(pages):
    """Serves pages under their own paths, with a sitemap a domain."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind, _, rest = self.path.strip("/").partition("-sitemap.xml")
            if kind in pages and not rest:
                host = f"http://127.0.0.1:{self.server.server_port}"
                urls = "".join(f"<url><loc>{escape(host + path)}</loc></url>" for path in pages[kind])
                body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()
                self.answer(200, "application/xml", body)
                return
            found = next((group[self.path] for group in pages.values() if self.path in group), None)
            self.answer(200 if found else 404, "text/html; charset=utf-8", found or b"not here")

        def answer(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.timeout(400)
def test_every_count_reconciles(tmp_path):
    pages = {"news": dict(news_pages()), "legal": dict(legal_pages())}
    listed = sum(len(group) for group in pages.values())
    assert len(pages["news"]) > 50
    assert len(pages["legal"]) == LEGAL_PAGES

    with served(pages) as site:
        for domain, group in pages.items():
            words = ["--sitemap", f"{site}/{domain}-sitemap.xml", "--domain", domain, "--allow-host", "127.0.0.1"]
            command = [sys.executable, "-P", "-m", "gonerd", "crawl", "run", *words, "--out", "crawl"]
            subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
            crawl = json.loads((tmp_path / "crawl" / "crawl.json").read_text())
            assert crawl["listed"] == len(group) == crawl["fetched"] + crawl["already"] + sum(crawl["skipped"].values())
            assert not crawl["skipped"]

    extracted = extract(tmp_path / "crawl", tmp_path / "documents")
    documents = list(read_table(tmp_path / "documents", Document))
    rejected = list(read_table(tmp_path / "documents" / "rejected", Rejected))
    assert listed == extracted.pages == len(documents) + len(rejected)
    assert extracted.kept == len(documents)
    assert all(item.reason for item in rejected)
    assert len(documents) > 0.95 * listed
    assert {document.domain for document in documents} == {"news", "legal"}

    layer = annotate_documents(tmp_path / "documents", tmp_path / "layer")
    assert layer.documents == len(documents)
    pairs = list(pair(tmp_path / "documents", tmp_path / "layer"))
    assert sum(len(annotation.spans) for _, annotation in pairs) == sum(layer.spans.values())

    # Their publishers' pages: for reading here, not for passing on.
    settings = BuildSettings(release="private")
    built = build_dataset(tmp_path / "documents", tmp_path / "layer", tmp_path / "dataset", settings)
    assert built.documents == len(documents) == sum(built.splits.values()) + len(built.rejected)
    loaded = load_dataset(tmp_path / "dataset")
    assert {split: rows.num_rows for split, rows in loaded.items()} == built.splits
    spans = {document.id: annotation.spans for document, annotation in pairs}
    for rows in loaded.values():
        for row in rows:
            assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [s.key for s in spans[row["id"]]]
