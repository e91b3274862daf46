from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree
from lxml import html as lxml_html

from gonerd.crawl.site import serve_site
from gonerd.crawl.site.documents import load_pages, parse_page
from gonerd.crawl.site.rendering import publication_of, render_site
from gonerd.errors import GonerdError
from gonerd.io import read_documents

FRONT = 'title: "A <b> & c"\nbyline: Jo\npublished: 2024-02-03\nsection: news\ndescription: d\nlicense: CC0-1.0\n'
LOCATIONS = "//*[local-name()='loc']/text()"


def test_markdown() -> None:
    page = parse_page(f"---\n{FRONT}---\n\nOne\nline.\n\n## Head\n\n- a\n- b\n", "news", "x", "news/x.md")
    assert [(block.kind, block.lines) for block in page.blocks] == [
        ("p", ("One line.",)),
        ("h2", ("Head",)),
        ("ul", ("a", "b")),
    ]
    assert (page.path, page.published) == ("/news/x", date(2024, 2, 3))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no front matter", "front matter"),
        (f"---\n{FRONT}---\n\n \n", "body is empty"),
        (f"---\n{FRONT.replace('byline: Jo', '')}---\ntext", "'byline'"),
        (f"---\n{FRONT.replace('2024-02-03', 'soon')}---\ntext", "'published'"),
        (f"---\n{FRONT.replace('section: news', 'section: legal')}---\ntext", "'section'"),
        ("---\n: [\n---\ntext", "YAML"),
    ],
)
def test_bad_markdown_is_named(text: str, why: str) -> None:
    with pytest.raises(GonerdError, match=why) as caught:
        parse_page(text, "news", "x", "news/x.md")
    assert "news/x.md" in str(caught.value)


def test_a_file_that_is_dropped_in_is_served(tmp_path: Path) -> None:
    (tmp_path / "sports").mkdir()
    (tmp_path / "sports" / "new.md").write_text(f"---\n{FRONT.replace('news', 'sports')}---\n\nText & <more>.\n")
    site = render_site(load_pages(tmp_path), "http://h:1")
    body = site["/sports/new"][1].decode()
    assert "Text &amp; &lt;more&gt;." in body
    assert "<b>" not in body
    assert b"http://h:1/sports/new" in site["/sports-sitemap.xml"][1]


def test_the_site_is_whole() -> None:
    pages = load_pages()
    with serve_site() as base:
        get = lambda path: urllib.request.urlopen(base.rstrip("/") + path, timeout=10).read()  # noqa: E731
        maps = etree.fromstring(get("/sitemap.xml")).xpath(LOCATIONS)
        listed = {url for one in maps for url in etree.fromstring(get("/" + one.rpartition("/")[2])).xpath(LOCATIONS)}
        assert listed == {base.rstrip("/") + page.path for page in pages}
        feed = etree.fromstring(get("/feed.xml"))
        assert len(feed.xpath("//item")) == sum(page.section == "news" for page in pages)
        assert b"Disallow: /private/" in get("/robots.txt")
        front = lxml_html.fromstring(get("/"))
        assert {page.path for page in pages} <= set(front.xpath("//main//a/@href"))
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            get("/news/none")
        caught.value.close()
        for page in pages:
            tree = lxml_html.fromstring(get(page.path))
            canonical = f"https://{publication_of(page.section).host}{page.path}"
            assert tree.xpath("//link[@rel='canonical']/@href") == [canonical]
            assert json.loads(tree.xpath("//script[@type='application/ld+json']/text()")[0])["headline"] == page.title


def test_a_taken_port() -> None:
    with serve_site() as base:
        port = int(base.rstrip("/").rpartition(":")[2])
        with pytest.raises(GonerdError, match=f"port {port}"), serve_site(port=port):
            pass


def test_all_documents_come_back(crawl: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    from gonerd.crawl.extract import extract

    pages = {f"https://{publication_of(page.section).host}{page.path}": page for page in load_pages()}
    with serve_site() as base:
        done = crawl("--sitemap", base + "sitemap.xml", "--out", tmp_path / "w", "--domain", "news")
    assert done.returncode == 0, done.stderr
    assert f"{len(pages)} listed = {len(pages)} fetched + 0 already there + 0 skipped" in done.stdout
    summary = extract(tmp_path / "w", tmp_path / "d")
    assert (summary.kept, summary.rejected) == (len(pages), {})
    documents = {document.url: document for document in read_documents(tmp_path / "d")}
    assert documents.keys() == pages.keys()
    for url, page in pages.items():
        document = documents[url]
        stated = [line for block in page.blocks for line in block.lines]
        assert [line.removeprefix("- ") for line in document.text.split("\n")] == stated
        assert (document.title, document.author, document.published) == (page.title, page.byline, page.published)
        assert (document.language, document.license) == ("en", page.license)


def test_the_command_prints_its_address_first(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gonerd", "crawl", "site"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[1], timeout=10) as response:
            assert response.status == 200
        process.send_signal(2)
        assert process.wait(timeout=10) == 0
