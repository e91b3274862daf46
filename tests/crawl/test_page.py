from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from gonerd.crawl.extraction.addresses import cited_url, document_id
from gonerd.crawl.extraction.charset import decode
from gonerd.crawl.extraction.licences import licence_of, licence_url, spdx_of
from gonerd.crawl.extraction.page import Page, Unfit, to_document
from gonerd.crawl.extraction.structured import read_nodes, stated_authors

SENTENCE = "The commission heard Élodie Marchetti of Saint-Brévin for two hours on the price of salted herring. "


def page_of(body: bytes, **changes: object) -> Page:
    values = {
        "url": "https://example.org/a", "status": 200, "content_type": "text/html", "body": body,
        "fetched": datetime(2025, 3, 1, tzinfo=UTC), "domain": "news", "source": None, "warc_file": "x.warc.gz",
        "record_id": "<urn:uuid:1>",
    }  # fmt: skip
    return Page(**{**values, **changes})  # type: ignore[arg-type]


def tree_of(head: str, body: str = "<p>text</p>") -> object:
    return lxml_html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")


@pytest.mark.parametrize(
    ("head", "fetched", "expected"),
    [
        ('<link rel="canonical" href="https://example.org/a/">', "https://example.org/a?utm=1", "https://example.org/a/"),
        ('<link rel="canonical" href="http://EXAMPLE.org/a">', "https://example.org/a", "http://EXAMPLE.org/a"),
        ('<link rel="canonical" href="https://other.example/a">', "https://example.org/a", "https://example.org/a"),
        ('<link rel="canonical" href="https://example.org/">', "https://example.org/a", "https://example.org/a"),
        ('<link rel="canonical" href="/a">', "https://example.org/a?b", "https://example.org/a?b"),
        ('<link rel="canonical" href="https://other.example/a">', "http://127.0.0.1:81/a", "https://other.example/a"),
        ('<link rel="canonical" href="https://other.example/b">', "http://127.0.0.1:81/a", "http://127.0.0.1:81/a"),
        ('<meta property="og:url" content="https://example.org/a">', "https://example.org/a?x", "https://example.org/a"),
        ('<meta property="og:url" content="https://example.org/a?og"><link rel="canonical" href="https://example.org/a?c">',
         "https://example.org/a", "https://example.org/a?c"),
        ("", "https://example.org/a", "https://example.org/a"),
    ],
)  # fmt: skip
def test_cited_url(head: str, fetched: str, expected: str) -> None:
    assert cited_url(tree_of(head), fetched) == expected


def test_a_canonical_link_in_the_body_is_not_believed() -> None:
    tree = tree_of("", '<div><link rel="canonical" href="https://example.org/a?spam"></div>')
    assert cited_url(tree, "https://example.org/a") == "https://example.org/a"


def test_document_ids_do_not_depend_on_scheme_or_port() -> None:
    expected = hashlib.sha256(b"example.org/a/b?c=d").hexdigest()[:16]
    for url in ("https://example.org/a/b?c=d", "http://EXAMPLE.ORG:8080/a/b?c=d", "https://example.org/a/b?c=d#part"):
        assert document_id(url) == expected
    assert document_id("https://example.org") == document_id("http://example.org:81/")
    assert len({document_id(u) for u in ("http://a.b/c", "http://a.b/c/", "http://a.b/c?d", "http://a.b/C")}) == 4


CC_BY = "https://creativecommons.org/licenses/by/4.0/"
LD = '<script type="application/ld+json">%s</script>'


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (f'<link rel="license" href="{CC_BY}">', "", "CC-BY-4.0"),
        ("", f'<footer><a rel="nofollow license" href="{CC_BY}deed.de">x</a></footer>', "CC-BY-4.0"),
        ("", f'<figure><a rel="license" href="{CC_BY}">photo</a></figure>', "unknown"),
        ("", f'<p><a href="{CC_BY}">an article about licences</a></p>', "unknown"),
        ("", '<a rel="license" href="/terms">x</a>', "https://example.org/terms"),
        (LD % f'{{"@type":"NewsArticle","license":"{CC_BY}"}}', "", "CC-BY-4.0"),
        (LD % f'{{"@type":"ImageObject","license":"{CC_BY}"}}', "", "unknown"),
        (LD % f'{{"@graph":[{{"@type":["WebPage"],"license":{{"@id":"{CC_BY}"}}}}]}}', "", "CC-BY-4.0"),
        (LD % "{broken", "", "unknown"),
        ('<meta name="dcterms.license" content="OGL-UK-3.0">', "", "OGL-UK-3.0"),
        ('<meta name="license" content="All rights reserved.">', "", "unknown"),
    ],
)  # fmt: skip
def test_licences(head: str, body: str, expected: str) -> None:
    found, evidence = licence_of(tree_of(head, f"<p>text</p>{body}"), "https://example.org/a")
    assert found == expected
    assert (evidence is None) == (expected == "unknown")


@pytest.mark.parametrize("name", ["CC0-1.0", "CC-BY-4.0", "CC-BY-NC-SA-3.0", "Apache-2.0", "OGL-UK-3.0"])
def test_licence_addresses_go_both_ways(name: str) -> None:
    assert spdx_of(licence_url(name)) == name


def test_authors() -> None:
    node = '{"@type":"NewsArticle","author":[{"name":"Ann B. Lee"},"Jo Ruiz, PhD",{"name":"https://x.org/me"},{}]}'
    assert stated_authors(read_nodes(tree_of(LD % node))) == ["Ann B. Lee", "Jo Ruiz, PhD"]
    assert stated_authors(read_nodes(tree_of(LD % '{"@type":"Person","author":"No"}'))) == []


@pytest.mark.parametrize(
    ("body", "kind", "expected", "evidence"),
    [
        ("é".encode(), "text/html", "é", "utf-8 (default)"),
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1", "é", "cp1252 (header)"),
        ("“é”".encode("cp1252"), "text/html; charset=iso-8859-1", "“é”", "cp1252 (header)"),  # as the web means it
        ("é".encode(), "text/html; charset=iso-8859-1", "é", "utf-8 (bytes; header says cp1252)"),
        (b"<meta charset='windows-1251'>" + "Ж".encode("cp1251"), "text/html", "<meta charset='windows-1251'>Ж",
         "cp1251 (meta)"),
        (b"\xef\xbb\xbfx", "text/html; charset=latin-1", "x", "utf-8 (byte order mark)"),
        ("Ж".encode("utf-16"), "text/html; charset=utf-8", "Ж", "utf-16-le (byte order mark)"),
        (SENTENCE.encode() * 20 + b"\xff", "text/html; charset=utf-8", SENTENCE * 20 + "\ufffd",
         "utf-8 (header, 1 characters replaced)"),
        ("é".encode(), "text/html; charset=no-such-thing", "é", "utf-8 (default)"),
        ("é".encode(), "text/html; charset=unicode_escape", "é", "utf-8 (default)"),  # Python's own, none of the web
        (SENTENCE.encode("cp1252") * 5, "text/html", SENTENCE * 5, "cp1250 (detection)"),
    ],
)  # fmt: skip
def test_decoding(body: bytes, kind: str, expected: str, evidence: str) -> None:
    decoded = decode(body, kind)
    assert decoded is not None
    assert decoded.text == expected
    assert decoded.evidence == evidence


def test_what_is_no_text_in_any_charset_is_not_decoded() -> None:
    assert decode(bytes(range(128, 256)) * 40 + bytes(range(32)) * 40, "text/html; charset=utf-8") is None


def test_a_document_in_full() -> None:
    head = (
        '<meta charset="iso-8859-1"><title>Herring</title><link rel="license" href="' + CC_BY + '">'
        '<meta name="author" content="Jo Ruiz"><meta property="article:published_time" content="2024-05-06T07:08:09Z">'
    )
    body = "".join(f"<p>{SENTENCE}Part {n}.</p>" for n in range(4))
    raw = f'<html lang="FR-be"><head>{head}</head><body><article>{body}</article></body></html>'.encode("latin-1")
    document = to_document(page_of(raw, source="Gazette"))
    assert document.text == "\n".join(f"{SENTENCE}Part {n}." for n in range(4))
    assert document.title == "Herring"
    assert document.author == "Jo Ruiz"
    assert str(document.published) == "2024-05-06"
    assert (document.language, document.license, document.domain) == ("en", "CC-BY-4.0", "news")
    assert (document.source, document.url) == ("Gazette", "https://example.org/a")
    assert (document.warc_file, document.warc_record_id) == ("x.warc.gz", "<urn:uuid:1>")
    assert document.extractor is not None
    assert document.extractor.startswith("trafilatura-")
    assert json.loads(str(document.evidence)) == {
        "title": "<title>", "author": "<meta name=author>", "published": "article:published_time",
        "language": "detected; the lang attribute says FR-be", "charset": "cp1252 (meta)",
    }  # fmt: skip


def test_no_day_is_invented() -> None:
    body = "".join(f"<p>{SENTENCE}In 1998 and on {n} May 2011 this was so.</p>" for n in range(1, 5))
    raw = f"<html><head><title>x</title></head><body><article>{body}</article></body></html>".encode()
    assert to_document(page_of(raw)).published is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": 404}, "http-404"),
        ({"content_type": "application/pdf"}, "pdf-damaged"),
        ({"content_type": "", "body": b"%PDF-1.7"}, "pdf-damaged"),
        ({"content_type": "application/json", "body": b"{}"}, "not-html"),
        ({"body": b""}, "no-text"),
        ({"body": b"<html><body></body></html>"}, "no-text"),
        ({"body": b"<html><body><article><p>Too short to be kept by anyone.</p></article></body></html>"}, "too-short"),
        ({"body": bytes(range(128, 256)) * 40 + bytes(range(32)) * 40}, "undecodable"),
    ],
)
def test_what_becomes_no_document(changes: dict[str, object], reason: str) -> None:
    body = f"<html><body><article><p>{SENTENCE * 4}</p></article></body></html>".encode()
    with pytest.raises(Unfit) as caught:
        to_document(page_of(**{"body": body, **changes}))  # type: ignore[arg-type]
    assert caught.value.reason == reason


def article_page(head: str, sentences: int, heading: str = "Herring", around: str = "<article>{}</article>") -> bytes:
    inner = f"<h1>{heading}</h1>" + "".join(f"<p>{SENTENCE}Part {n}.</p>" for n in range(sentences))
    return f"<html><head>{head}</head><body>{around.format(inner)}</body></html>".encode()


def reason_of(body: bytes) -> str | None:
    try:
        to_document(page_of(body))
    except Unfit as unfit:
        return unfit.reason
    return None


NEWS_NODE = '{"@type":"NewsArticle","headline":"x","isAccessibleForFree":%s}'


@pytest.mark.parametrize(
    ("data", "sentences", "reason"),
    [
        (NEWS_NODE % "false", 4, "paywall"),
        (NEWS_NODE % '"False"', 4, "paywall"),
        (NEWS_NODE % '"http://schema.org/False"', 4, "paywall"),
        (f'{{"@graph":[{{"@type":"WebPage"}},{NEWS_NODE % "false"}]}}', 4, "paywall"),
        (NEWS_NODE % 'false,"wordCount":"1,200"', 4, "paywall"),
        (NEWS_NODE % 'false,"wordCount":1200', 20, "paywall"),
        (NEWS_NODE % 'false,"wordCount":420', 20, None),
        (NEWS_NODE % "false", 20, None),  # many a paid page carries the whole text all the same
        (NEWS_NODE % "true", 4, None),
        (NEWS_NODE % '"True"', 4, None),
        ('{"@type":"WebPage","isAccessibleForFree":false}', 4, None),
        (f"[{NEWS_NODE % 'true'},{NEWS_NODE % 'false'}]", 4, None),  # the second one is about another story
    ],
)
def test_a_teaser_is_not_a_document(data: str, sentences: int, reason: str | None) -> None:
    assert reason_of(article_page(LD % data, sentences)) == reason


LOST = [
    "Page not found",
    "404",
    "Error 404",
    "404 Not Found",
    "404 – Page not found",
    "Not Found (404)",
    "Oops! That page can’t be found.",
    "Sorry, this article is no longer available",
    "The document you requested could not be found.",
    "Opinion does not exist",
    "Seite nicht gefunden",
    "Page introuvable",
]


@pytest.mark.parametrize("heading", LOST)
def test_an_error_page_is_not_a_document(heading: str) -> None:
    for head in (
        f"<title>{heading}</title>",
        f"<title>{heading} | The Gazette</title>",
        f"<title>G - {heading}</title>",
    ):
        assert reason_of(article_page(head, 8)) == "soft-404"
    assert reason_of(article_page("<title>The Gazette</title>", 8, heading)) == "soft-404"


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="og:type" content="article">',
        '<meta property="article:published_time" content="2024-05-06">',
        LD % '{"@type":"BlogPosting","datePublished":"2024-05-06"}',
    ],
)
def test_a_story_may_be_called_page_not_found(head: str) -> None:
    """A short story with that very title, which says that it is an article."""
    for heading in LOST:
        assert reason_of(article_page(f"<title>{heading}</title>{head}", 8, heading)) is None
    dated = "<article><time datetime='2024-05-06'>6 May</time>{}</article>"
    assert reason_of(article_page("<title>Page not found</title>", 8, "Page not found", dated)) is None


@pytest.mark.parametrize(
    "title",
    [
        "Page not found: how link rot eats the citations of courts",
        "404 Squadron returns to Évreux",
        "Bodleian's missing page found in Lyon",
        "Harbour master not found guilty",
        "Body not found after a week's search",
        "Why the page you are looking for is never there",
        "File not found in minister's office, inquiry told",
        "What 404 means | The Gazette",
    ],
)
def test_a_story_about_error_pages_is_a_document(title: str) -> None:
    assert reason_of(article_page(f"<title>{title}</title>", 8, title)) is None
