from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from lxml import etree
from lxml import html as lxml_html

from gonerd.cli import main
from gonerd.crawl.optout import site_files
from gonerd.crawl.site import serve_site
from gonerd.crawl.site.answers import Answer
from gonerd.crawl.site.derived import CREDIT
from gonerd.crawl.site.documents import SitePage, load_pages, parse_page
from gonerd.crawl.site.furniture import ADVERTISEMENTS, COMMENTS
from gonerd.crawl.site.oddities import ATOM, LEGAL_SITEMAP, NEWS_SITEMAP, RSS, Oddity, oddities
from gonerd.crawl.site.publications import publication_of
from gonerd.crawl.site.routes import Site
from gonerd.demo.road import DemoSettings, run_demo
from gonerd.errors import GonerdError, UsageError
from gonerd.io import read_documents
from gonerd.records import Document, Rejected
from gonerd.tables import read_table

FRONT = 'title: "A <b> & c"\nbyline: Jo\npublished: 2024-02-03\nsection: news\ndescription: d\nlicense: CC0-1.0\n'
LOCATIONS = "//*[local-name()='loc']/text()"
BASE = "http://site.test"
PAGES = load_pages()
ODD = oddities()
NEWS = [page for page in PAGES if page.section == "news"]
LEGAL = [page for page in PAGES if page.section == "legal"]
# Whatever of this a page needs, a browser fetches without being asked.
LOADED = (
    "//img/@src | //script/@src | //iframe/@src | //source/@src | //link[@rel='stylesheet' or @rel='icon']/@href"
    " | //object/@data | //video/@src | //audio/@src | //embed/@src"
)


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(PAGES, BASE)


def stated_lines(page: SitePage) -> list[str]:
    return [("- " if block.kind == "ul" else "") + line for block in page.blocks for line in block.lines]


def canonical(page: SitePage) -> str:
    return f"https://{publication_of(page.section).host}{page.address}"


def odd(kind: str) -> list[Oddity]:
    found = [one for one in ODD if one.kind == kind]
    assert found, kind
    return found


def tree_of(answer: Answer) -> Any:
    assert answer.status == 200
    return lxml_html.fromstring(answer.body)


def data_of(tree: Any) -> list[dict[str, Any]]:
    return [json.loads(text) for text in tree.xpath("//script[@type='application/ld+json']/text()")]


# The files


def test_markdown() -> None:
    page = parse_page(f"---\n{FRONT}---\n\nOne\nline.\n\n## Head\n\n- a\n- b\n", "news", "x", "news/x.md")
    assert [(block.kind, block.lines) for block in page.blocks] == [
        ("p", ("One line.",)),
        ("h2", ("Head",)),
        ("ul", ("a", "b")),
    ]
    assert (page.path, page.published) == ("/news/x", date(2024, 2, 3))
    assert (page.parts, page.encoding, page.pdf, page.wire) == (1, "utf-8", False, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no front matter", "front matter"),
        (f"---\n{FRONT}---\n\n \n", "body is empty"),
        (f"---\n{FRONT.replace('byline: Jo', '')}---\ntext", "'byline'"),
        (f"---\n{FRONT.replace('2024-02-03', 'soon')}---\ntext", "'published'"),
        (f"---\n{FRONT.replace('section: news', 'section: legal')}---\ntext", "'section'"),
        ("---\n: [\n---\ntext", "YAML"),
        ("---\n- a\n---\ntext", "'title'"),
        (f"---\n{FRONT}parst: 2\n---\ntext", "no field 'parst'"),
        (f"---\n{FRONT}parts: two\n---\ntext", "'parts' of the front matter must be a int"),
        (f"---\n{FRONT}parts: 0\n---\ntext", "'parts' is 0; the body can be cut into 1 to 1"),
        (f"---\n{FRONT}parts: 3\n---\na\n\n## b\n\nc", "'parts' is 3; the body can be cut into 1 to 2"),
        (f"---\n{FRONT}pdf: 1\n---\ntext", "'pdf' of the front matter must be a bool"),
        (f"---\n{FRONT}encoding: latin-9\n---\ntext", "'encoding' is 'latin-9'"),
        (f"---\n{FRONT}encoding: windows-1252\n---\nŁódź", "'Ł' does not exist in windows-1252"),
    ],
)
def test_bad_markdown_is_named(text: str, why: str) -> None:
    with pytest.raises(GonerdError, match=why) as caught:
        parse_page(text, "news", "x", "news/x.md")
    assert "news/x.md" in str(caught.value)


def test_a_file_that_is_dropped_in_is_served(tmp_path: Path) -> None:
    (tmp_path / "sports").mkdir()
    (tmp_path / "sports" / "new löwe.md").write_text(f"---\n{FRONT.replace('news', 'sports')}---\n\nText & <more>.\n")
    site = Site(load_pages(tmp_path), BASE)
    body = site.answer("/sports/new%20l%C3%B6we").body.decode()
    assert "ext &amp; &lt;more&gt;." in body
    assert "<b>" not in body
    assert f"<loc>{BASE}/sports/new%20l%C3%B6we</loc>".encode() in site.answer("/sports-sitemap.xml").body
    assert feedparser.parse(site.answer(RSS).body.decode()).entries == []


# The pages


def test_every_link_leads_somewhere_and_nothing_foreign_is_loaded(site: Site) -> None:
    """Walks the site from its front page as a browser would, and from its listings as a crawler would."""
    waiting = ["/", "/robots.txt", "/sitemap.xml", *(one.page.address for one in ODD)]
    seen: dict[str, Answer] = {}
    while waiting:
        target = waiting.pop()
        if target in seen:
            continue
        answer = seen[target] = site.answer(target)
        if not answer.kind.startswith("text/html"):
            continue
        tree = lxml_html.fromstring(answer.body)
        for loaded in tree.xpath(LOADED):
            assert not urlsplit(loaded).netloc, f"{target} loads {loaded}"
        for link in tree.xpath("//a/@href | //form/@action | //link[@rel!='canonical']/@href | //img/@src"):
            parts = urlsplit(urljoin(BASE + target, link))
            if parts.netloc == urlsplit(BASE).netloc:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
            else:
                assert parts.scheme == "mailto" or parts.netloc == "creativecommons.org", link
    assert {target for target, answer in seen.items() if answer.status != 200} == {
        one.page.address for one in odd("redirect-loop")
    }
    assert {page.address for page in (*PAGES, *(one.page for one in ODD))} <= seen.keys()
    linked_from = [answer.body.decode() for target, answer in seen.items() if target == LEGAL[0].address]
    assert 'href="/private/sealed-docket"' in linked_from[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_pages_say_who_they_are(site: Site, page: SitePage) -> None:
    tree = tree_of(site.answer(page.address))
    publication = publication_of(page.section)
    assert tree.xpath("//link[@rel='canonical']/@href") == [canonical(page)]
    article, trail = data_of(tree)
    assert article["@type"] == {"news": "NewsArticle", "legal": "Article"}[page.section]
    assert (article["headline"], article["author"]["name"]) == (page.title, page.byline)
    assert article["publisher"]["name"] == publication.name
    assert article["datePublished"][:10] == page.published.isoformat() <= article["dateModified"]
    assert (article["isAccessibleForFree"], article["license"]) == (
        True,
        "https://creativecommons.org/publicdomain/zero/1.0/",
    )
    assert article["wordCount"] == len(" ".join(line for block in page.blocks for line in block.lines).split())
    assert trail["@type"] == "BreadcrumbList"
    assert [item["position"] for item in trail["itemListElement"]] == [1, 2, 3]
    assert trail["itemListElement"][-1]["item"] == canonical(page)
    content = lambda attribute, name: tree.xpath(f"//meta[@{attribute}='{name}']/@content")  # noqa: E731
    assert content("property", "og:title") == content("name", "twitter:title") == [page.title]
    assert content("property", "og:url") == [canonical(page)]
    assert content("property", "article:published_time") == [article["datePublished"]]
    assert content("name", "twitter:card") == ["summary_large_image"]


def test_pages_are_furnished(site: Site) -> None:
    """Each kind of furniture stands on each page that should have it: what the extractor has to leave out."""
    everywhere = ("//*[@id='cookie-consent']", "//nav", "//*[@class='breadcrumbs']", "//footer", "//body//script")
    news = (
        "//*[@id='comments']//li", "//*[@data-slot]", "//*[@class='share-buttons']", "//*[@class='newsletter-box']",
        "//*[@class='most-read']//li", "//*[@class='related-stories']//a", "//*[@class='tags']/a",
        "//*[@class='author-box']", "//figure/figcaption/a[@rel='license']", "//p/span[@class='initial']",
    )  # fmt: skip
    legal = (
        "//*[@class='docket-panel']//table", "//*[@class='citation-box']", "//*[@class='related-filings']//a",
        "//*[@role='separator']", "//h2/a[@class='permalink']",
    )  # fmt: skip
    for page in PAGES:
        tree = tree_of(site.answer(page.address))
        for path in everywhere + (news if page.section == "news" else legal):
            assert tree.xpath(path), (page.slug, path)
        layouts = {name: tree.xpath(f"//body/@class='{name}'") for name in ("courier", "registry")}
        assert layouts == {"courier": page.section == "news", "registry": page.section == "legal"}
    words = " ".join(line for page in PAGES for line in stated_lines(page))
    for phrase in (*(one.text for one in COMMENTS), *chain.from_iterable(ADVERTISEMENTS)):
        assert phrase not in words


def test_the_whole_site_is_the_same_every_time(site: Site) -> None:
    again = Site(load_pages(), BASE)
    for page in (*PAGES, *(one.page for one in ODD)):
        assert site.answer(page.address) == again.answer(page.address)


# The listings


def test_sitemaps(site: Site) -> None:
    index = etree.fromstring(site.answer("/sitemap.xml").body)
    assert index.xpath("local-name()") == "sitemapindex"
    assert set(index.xpath(LOCATIONS)) == {BASE + NEWS_SITEMAP, BASE + LEGAL_SITEMAP}
    assert len(index.xpath("//*[local-name()='lastmod']")) == 2
    for path, pages in ((NEWS_SITEMAP, NEWS), (LEGAL_SITEMAP, LEGAL)):
        listed = etree.fromstring(site.answer(path).body).xpath(LOCATIONS)
        extra = [one.page for one in ODD if path in one.listings and one.page not in pages]
        assert len(extra) == 2
        assert sorted(listed) == sorted(BASE + page.address for page in (*pages, *extra))
    spaces = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "n": "http://www.google.com/schemas/sitemap-news/0.9"}
    news = etree.fromstring(site.answer(NEWS_SITEMAP).body).xpath("//s:url/n:news", namespaces=spaces)
    stated = {
        one.findtext("n:title", namespaces=spaces): one.findtext("n:publication_date", namespaces=spaces)[:10]
        for one in news
    }
    assert {page.title: page.published.isoformat() for page in NEWS}.items() <= stated.items()
    assert {one.findtext("n:publication/n:name", namespaces=spaces) for one in news} == {"The Gonerd Courier"}
    assert {one.findtext("n:publication/n:language", namespaces=spaces) for one in news} == {"en"}
    for entry in etree.fromstring(site.answer(LEGAL_SITEMAP).body).xpath("//s:url", namespaces=spaces):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", entry.findtext("s:lastmod", namespaces=spaces))


def test_feeds(site: Site) -> None:
    for path, pages, version in ((RSS, NEWS, "rss20"), (ATOM, LEGAL, "atom10")):
        feed = feedparser.parse(site.answer(path).body.decode())
        assert (feed.version, feed.bozo) == (version, False)
        whole = [page for page in pages if page.parts == 1]
        expected = {page.address: page for page in whole} | {
            one.page.address: one.page for one in ODD if path in one.listings
        }
        assert {entry.link.removeprefix(BASE) for entry in feed.entries} == expected.keys()
        assert len({entry.id for entry in feed.entries}) == len(feed.entries) == len(expected)
        for entry in feed.entries:
            page = expected[entry.link.removeprefix(BASE)]
            assert entry.title.startswith(page.title)
            assert date(*entry.published_parsed[:3]) == page.published
            assert (entry.author, entry.summary) == (page.byline, page.description)
    enclosures = {entry.link: entry.enclosures[0] for entry in feed.entries if entry.enclosures}
    (pdf,) = odd("pdf")
    assert {link: (one.href, one.type) for link, one in enclosures.items()} == {
        BASE + pdf.page.address.removesuffix(".pdf"): (BASE + pdf.page.address, "application/pdf")
    }


# The oddities


def test_every_kind_of_oddity_is_there() -> None:
    assert Counter(one.kind for one in ODD) == {
        "syndicated": 1, "part": 3, "pdf": 1, "encoding": 1, "paywall": 1, "soft-404": 1, "redirect-loop": 2,
        "image-only": 1, "forbidden": 2, "allowed-exception": 1,
    }  # fmt: skip


def test_the_parts_make_up_the_whole(site: Site) -> None:
    parts = [one.page for one in odd("part")]
    (whole,) = (page for page in PAGES if page.path == parts[0].path)
    assert whole == max(NEWS, key=lambda page: sum(len(line.split()) for line in stated_lines(page)))
    assert tuple(block for part in parts for block in part.blocks) == whole.blocks
    lengths = [sum(len(line.split()) for line in stated_lines(part)) for part in parts]
    assert max(lengths) < 1.3 * min(lengths)
    assert all(part.blocks[-1].kind != "h2" for part in parts)
    trees = [tree_of(site.answer(part.address)) for part in parts]
    link = lambda tree, rel: tree.xpath(f"//link[@rel='{rel}']/@href")  # noqa: E731
    assert [link(tree, "canonical") for tree in trees] == [[canonical(part)] for part in parts]
    assert (link(trees[0], "prev"), link(trees[-1], "next")) == ([], [])
    for (before, after), (left, right) in zip(pairwise(trees), pairwise(parts), strict=True):
        assert (link(before, "next"), link(after, "prev")) == ([right.address], [left.address])
    assert parts[0].address in tree_of(site.answer(whole.address)).xpath("//nav[@class='pager']/a/@href")
    for wrong in ("?part=0x1", "?part=4", "?part=-1"):
        assert site.answer(whole.path + wrong).status == 404
    assert site.answer(f"{whole.path}?utm_source=mail") == site.answer(whole.path)


def test_the_wire_copy_is_nearly_the_story(site: Site) -> None:
    ((copy, story),) = (
        (one.page, page) for one in odd("syndicated") for page in PAGES if page.wire and page.wire == one.page.title
    )
    said, sold = stated_lines(story), stated_lines(copy)
    assert sold[0] == CREDIT == "Distributed by the Meridian Wire."
    assert sold[1:] == said[:-2]
    shingles = [set(zip(*(" ".join(lines).split()[i:] for i in range(5)), strict=False)) for lines in (said, sold)]
    assert 0.7 < len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1]) < 1
    assert (copy.title, copy.path) != (story.title, story.path)
    tree = tree_of(site.answer(copy.address))
    assert tree.xpath("//link[@rel='canonical']/@href") == [canonical(copy)]
    assert urlsplit(canonical(copy)).hostname != urlsplit(canonical(story)).hostname


def text_of_pdf(body: bytes) -> list[list[str]]:
    """The lines of every page, read off its content stream by hand."""
    pages = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL):
        shown = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", zlib.decompress(stream))
        if shown:
            plain = (re.sub(rb"\\([()\\])", rb"\1", one) for one in shown)
            pages.append([one.decode("windows-1252") for one in plain])
    return pages


def test_the_pdf_holds_the_filing(site: Site) -> None:
    (entry,) = odd("pdf")
    answer = site.answer(entry.page.address)
    (page,) = (page for page in PAGES if page.pdf)
    assert (answer.status, answer.kind, answer.body[:5]) == (200, "application/pdf", b"%PDF-")
    assert dict(answer.headers)["Link"] == f'<{canonical(page)}>; rel="canonical"'
    assert answer == Site(PAGES, "http://elsewhere.test").answer(entry.page.address)
    assert answer.body.count(b"/Type /Page\n") == len(text_of_pdf(answer.body)) > 3
    printed = []
    for number, (header, *lines, footer, total) in enumerate(text_of_pdf(answer.body), start=1):
        assert header == f"The Gonerd Registry: {page.title}"
        assert footer + total == f"Page {number} of {len(text_of_pdf(answer.body))}"
        printed += lines
    stated = [re.sub("^- ", "• ", line) for line in stated_lines(page)]
    assert " ".join(" ".join(printed).split()) == " ".join(stated)
    for heading in (block.lines[0] for block in page.blocks if block.kind == "h2"):
        assert any(heading.startswith(line) for line in printed), "a heading begins a line"
    assert entry.page.path in tree_of(site.answer(page.address)).xpath("//main//preceding::a/@href")


def test_a_filing_with_other_letters_can_be_printed() -> None:
    text = f"---\n{FRONT.replace('news', 'legal')}pdf: true\n---\nŁódź said (“no”) \\ to Dvořák – 漢 twice\n"
    answer = Site([parse_page(text, "legal", "x", "x.md")], BASE).answer("/legal/x.pdf")
    assert text_of_pdf(answer.body)[0][1] == "?ódz said (“no”) \\ to Dvorák – ? twice"


def test_a_page_in_windows_1252(site: Site) -> None:
    (one,) = odd("encoding")
    answer = site.answer(one.page.address)
    assert answer.kind == "text/html"
    assert b'<meta charset="iso-8859-1">' in answer.body
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode("utf-8")
    text = answer.body.decode("windows-1252")
    first = next(block.lines[0] for block in one.page.blocks if "“" in block.lines[0] or "’" in block.lines[0])
    assert first[1:60] in re.sub(r"<[^>]+>", "", text)
    assert {b"\x92", b"\x93", b"\x94", b"\x96", b"\x80"} <= {bytes([byte]) for byte in answer.body}
    assert not re.search("[\x80-\x9f]", text)


def test_what_stands_in_for_a_document(site: Site) -> None:
    (paywall,), (lost,), (scan,) = odd("paywall"), odd("soft-404"), odd("image-only")
    article = data_of(tree_of(site.answer(paywall.page.address)))[0]
    assert (article["isAccessibleForFree"], article["hasPart"]["isAccessibleForFree"]) == (False, False)
    assert tree_of(site.answer(paywall.page.address)).find_class(article["hasPart"]["cssSelector"][1:])
    tree = tree_of(site.answer(lost.page.address))
    assert tree.findtext(".//h1") == "Page not found"
    assert len(" ".join(tree.xpath("//article/p/text()"))) > 500
    assert site.answer("/legal/none").body == site.answer(lost.page.address).body
    body = tree_of(site.answer(scan.page.address)).xpath("//*[contains(@class, 'document-body')]")[0]
    assert body.xpath(".//figure//*[local-name()='path']")
    assert not body.text_content().strip()


def test_the_loop(site: Site) -> None:
    there, back = (one.page.address for one in odd("redirect-loop"))
    answers = [site.answer(there), site.answer(back)]
    assert [answer.status for answer in answers] == [301, 302]
    assert [dict(answer.headers)["Location"] for answer in answers] == [back, there]


# The server


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with serve_site() as base:
        yield base.rstrip("/")


def ask(base: str, method: str, target: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 200),
        (PAGES[0].address, 200),
        (f"{PAGES[0].address}?utm_source=feed&part=", 200),
        (f"{PAGES[0].address}/", 301),
        (f"{PAGES[0].address}?part=9", 404),
        ("/news/none", 404),
        ("/search?q=wharf", 200),
        (next(one.page.address for one in ODD if one.kind == "pdf"), 200),
        (f"{PAGES[0].address}%2f", 301),
        (f"{PAGES[0].address}%2F/?a=b", 301),
    ],
)
def test_head_is_get_without_the_body(served: str, target: str, status: int) -> None:
    (get, body), (head, nothing) = (ask(served, method, target) for method in ("GET", "HEAD"))
    assert (get.status, head.status, nothing) == (status, status, b"")
    ignored = {"Date"}
    assert [item for item in get.getheaders() if item[0] not in ignored] == [
        item for item in head.getheaders() if item[0] not in ignored
    ]
    assert int(get.getheader("Content-Length") or -1) == len(body) > 0
    if status == 301:
        assert get.getheader("Location") == PAGES[0].address


def test_a_failure_is_said_with_status_500(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with serve_site() as base:
        response, body = ask(base, "GET", next(one.page.address for one in ODD if one.kind == "pdf"))
    assert response.status == 500
    assert b"pip install 'gonerd[crawl]'" in body


def test_a_taken_port(served: str) -> None:
    port = urlsplit(served).port or 0
    with pytest.raises(GonerdError, match=f"port {port}"), serve_site(port=port):
        pass


def test_the_command_prints_its_address_first(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gonerd", "crawl", "site"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[1], timeout=10) as response:
            assert response.status == 200
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            urllib.request.urlopen(line.split()[1] + "none", timeout=10)
        caught.value.close()
        process.send_signal(2)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("target", ["http://[::1/", "http://a]/news"])
def test_a_malformed_address_is_said_with_status_400(served: str, target: str) -> None:
    place = urlsplit(served)
    with socket.create_connection((place.hostname, place.port), timeout=10) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        with client.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 400 Bad Request\r\n"
            assert b"malformed address" in answer.read()


def test_clients_that_hang_up_leave_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with serve_site() as base:
        place = urlsplit(base)
        for request in (b"GET / HTTP/1.1\r\n\r\n" * 300, b"GET / HT", b""):
            with socket.create_connection((place.hostname, place.port), timeout=10) as client:
                # No lingering: the server finds the connection reset, whether it reads or writes.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(request)
                if request:
                    while not set(threading.enumerate()) - before - {threading.current_thread()}:
                        pass
        assert ask(base.rstrip("/"), "GET", "/robots.txt")[0].status == 200
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert capfd.readouterr().err == ""


def test_an_error_of_our_own_is_still_shown(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(site: Site, target: str) -> Answer:
        raise ZeroDivisionError(target)

    monkeypatch.setattr(Site, "answer", fail)
    with serve_site() as base, pytest.raises(http.client.RemoteDisconnected):
        ask(base.rstrip("/"), "GET", "/")
    assert "ZeroDivisionError" in capfd.readouterr().err


# The demo on it


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": 33}, "--window 33: give a positive even number"),
        ({"window": 0}, "--window 0"),
        ({"max_length": 7}, "--max-length 7: give 8 to 4096 tokens"),
        ({"max_length": 8192}, "--max-length 8192"),
        ({"lengths": "512,b"}, "--lengths '512,b': give whole numbers of 1 to 4096"),
        ({"lengths": ""}, "--lengths ''"),
        ({"lengths": "8192"}, "--lengths '8192'"),
        ({"repeats": 0}, "--repeats 0: give at least 1"),
        ({"epochs": 0.0}, "--epochs 0.0: give a number above 0"),
        ({"learning_rate": float("nan")}, "--learning-rate nan"),
        ({"out": Path(__file__)}, "test_site.py: is a file, and a folder is needed"),
    ],
)
def test_the_demo_refuses_at_once_what_a_late_stage_would(
    settings: dict[str, Any], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        run_demo(DemoSettings(**{"out": tmp_path / "out", "teacher": "x", **settings}))
    assert (list(tmp_path.iterdir()), capfd.readouterr().out) == ([], "")


def test_the_demo_names_a_missing_package_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 1
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert "needs the package 'torch'" in line
    assert "gonerd[demo]" in line
    assert not (tmp_path / "out").exists()


# The crawl


Crawl = Callable[..., subprocess.CompletedProcess[str]]


def expected(stage: str, *listings: str) -> Counter[str]:
    """The reasons that a stage should count, on a crawl of some listings."""
    return Counter(str(one.reason) for one in ODD if one.stage == stage and set(one.listings) & set(listings))


def assert_exact(document: Document, page: SitePage) -> None:
    assert document.text == "\n".join(stated_lines(page))
    assert (document.title, document.author, document.published) == (page.title, page.byline, page.published)
    assert (document.language, document.license, document.url) == ("en", page.license, canonical(page))


def test_all_documents_come_back(crawl: Crawl, served: str, tmp_path: Path) -> None:
    """The sitemaps give every page exactly, and each oddity among them ends with its reason."""
    from gonerd.crawl.extraction.run import extract

    done = crawl("--sitemap", f"{served}/sitemap.xml", "--out", tmp_path / "w", "--domain", "news")
    assert done.returncode == 0, done.stderr
    sitemaps = (NEWS_SITEMAP, LEGAL_SITEMAP)
    skipped, rejected = expected("crawl", *sitemaps), expected("extract", *sitemaps)
    fetched = len(PAGES) + rejected.total()
    assert f"{fetched + 1} listed = {fetched} fetched + 0 already there + 1 skipped (redirects: 1)" in done.stdout
    assert skipped == {"redirects": 1}
    summary = extract(tmp_path / "w", tmp_path / "d")
    assert (summary.pages, summary.kept, summary.rejected) == (fetched, len(PAGES), rejected)
    assert rejected == {"paywall": 1, "soft-404": 1, "too-short": 1}
    found = {urlsplit(item.id).path: item.reason for item in read_table(tmp_path / "d" / "rejected", Rejected)}
    assert found == {
        one.page.path: one.reason for one in ODD if one.stage == "extract" and set(one.listings) & set(sitemaps)
    }
    documents = {document.url: document for document in read_documents(tmp_path / "d")}
    assert documents.keys() == {canonical(page) for page in PAGES}
    for page in PAGES:
        assert_exact(documents[canonical(page)], page)


def test_the_feeds_bring_what_only_they_list(crawl: Crawl, served: str, read_warc: Any, tmp_path: Path) -> None:
    from gonerd.crawl.extraction.run import extract

    for feed, pages in ((RSS, NEWS), (ATOM, LEGAL)):
        done = crawl("--feed", served + feed, "--out", tmp_path / "w")
        assert done.returncode == 0, done.stderr
        skipped = expected("crawl", feed)
        whole = [page for page in pages if page.parts == 1]
        count = len(whole) + sum(feed in one.listings and one.page not in whole for one in ODD)
        assert f"{count} listed = {count - skipped.total()} fetched + 0 already there" in done.stdout
        assert skipped == ({"robots": 1} if feed == ATOM else {})
        assert "robots: 1" in done.stdout or feed == RSS
    asked = {record["url"].removeprefix(served) for record in read_warc(tmp_path / "w") if record["url"]}
    assert not any(one.page.address in asked for one in odd("forbidden"))
    summary = extract(tmp_path / "w", tmp_path / "d")
    assert summary.rejected == expected("extract", RSS, ATOM) == {"near-duplicate": 1, "duplicate-text": 1, "joined": 2}
    kept = {page.address: page for page in PAGES if page.parts == 1}
    kept |= {one.page.address: one.page for one in ODD if {RSS, ATOM} & set(one.listings) and one.stage is None}
    documents = {document.url: document for document in read_documents(tmp_path / "d")}
    assert documents.keys() == {canonical(page) for page in kept.values()}
    (first,) = (one.page for one in odd("part") if one.stage is None)
    (whole,) = (page for page in PAGES if page.path == first.path)
    for page in kept.values():
        document = documents[canonical(page)]
        if page is first:  # under its address stands the whole story
            assert document.text == "\n".join(stated_lines(whole))
        else:
            assert_exact(document, page)


def test_robots_txt_is_obeyed(crawl: Crawl, served: str, read_warc: Any, tmp_path: Path) -> None:
    (allowed,) = odd("allowed-exception")
    targets = [*(one.page.address for one in odd("forbidden")), "/search?q=wharf", allowed.page.address]
    (tmp_path / "urls.txt").write_text("".join(f"{served}{target}\n" for target in targets))
    done = crawl("--urls", tmp_path / "urls.txt", "--out", tmp_path / "w")
    assert "4 listed = 1 fetched + 0 already there + 3 skipped (robots: 3)" in done.stdout
    asked = {record["url"].removeprefix(served) for record in read_warc(tmp_path / "w") if record["url"]}
    assert asked == {"/robots.txt", *site_files(), allowed.page.address}
