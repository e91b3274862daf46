"""What a document says about itself, and that the same bytes always give the same document, or the same reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from gonerd.crawl.extraction import html_page
from gonerd.crawl.extraction.language import detect_language, language_of, stated_language
from gonerd.crawl.extraction.page import Unfit, extract_page
from gonerd.crawl.extraction.parts import MISSING, Extracted, Part, in_sequence, join_parts, part_of
from gonerd.crawl.site.documents import load_pages
from gonerd.crawl.site.routes import Site
from gonerd.crawl.sources import Discovery, Layout, Licence, Source
from gonerd.records import Document
from tests.crawl.pages import as_p, document_of, html_of, page_of, paragraphs, reason_of

ARTICLE = f"<article><h1>Herring dear</h1>{as_p(paragraphs(6))}</article>"


def data(**fields: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **fields})}</script>'


def evidence_of(document: Document) -> dict[str, str]:
    return json.loads(str(document.evidence))


@pytest.mark.parametrize(
    ("head", "title", "where"),
    [
        (data(headline="From data") + '<meta property="og:title" content="From og">', "From data", "JSON-LD headline"),
        ('<meta property="og:title" content="From og"><title>x</title>', "From og", "og:title"),
        ("<title>x | Courier</title>", "Herring dear", "<h1>"),
        (data(headline="Herring &amp; salt"), "Herring & salt", "JSON-LD headline"),
        (data(headline=["no text"]), "Herring dear", "<h1>"),
    ],
)
def test_where_a_title_was_read(head: str, title: str, where: str) -> None:
    document = document_of(html_of(ARTICLE, head=head))
    assert (document.title, evidence_of(document)["title"]) == (title, where)


@pytest.mark.parametrize(
    ("head", "day", "where"),
    [
        (data(datePublished="2025-02-03T23:30:00-05:00"), date(2025, 2, 3), "JSON-LD datePublished"),
        ('<meta property="article:published_time" content="2025-02-03">', date(2025, 2, 3), "article:published_time"),
        ('<meta name="DC.date.issued" content="20250203">', date(2025, 2, 3), "<meta dc.date.issued>"),
        ('<meta itemprop="datePublished" content="2025/02/03">', date(2025, 2, 3), "<meta datepublished>"),
        (data(datePublished="2025-03-02"), None, "dropped: JSON-LD datePublished says 2025-03-02, after the crawl"),
        (data(datePublished="2025-03-02") + '<meta name="date" content="2025-02-03">', date(2025, 2, 3), "<meta date>"),
        (data(datePublished="2025-02-30"), None, None),
        ("", None, None),
    ],
)
def test_where_a_day_was_read_and_that_no_day_is_after_the_crawl(
    head: str, day: date | None, where: str | None
) -> None:
    document = document_of(html_of(ARTICLE, head=head))
    assert (document.published, evidence_of(document).get("published")) == (day, where)


def test_halves_of_characters_that_json_can_spell_become_no_broken_document() -> None:
    said = r'{"@type":"NewsArticle","headline":"A \ud83d fish","license":"http://x.example/\udc00"}'
    half = f'<script type="application/ld+json">{said}</script>'
    document = document_of(html_of(ARTICLE, head=half))
    assert document.title == "A \ufffd fish"
    assert document.license == "http://x.example/\ufffd"
    assert json.dumps(document.license_evidence, ensure_ascii=False).encode()


def test_an_address_that_is_none_is_a_reason() -> None:
    assert reason_of(html_of(ARTICLE), url="http://[bad") in (None, "extractor-error")


def test_where_an_author_was_read() -> None:
    for head, author, where in (
        (data(author=[{"name": "Ann Lee"}, "Jo Ruiz"]), "Ann Lee; Jo Ruiz", "JSON-LD author"),
        ('<meta name="author" content="Ann Lee">', "Ann Lee", "<meta name=author>"),
        ('<meta property="article:author" content="https://x.example/ann">', None, None),
        ("", None, None),
    ):
        document = document_of(html_of(ARTICLE, head=head))
        assert (document.author, evidence_of(document).get("author")) == (author, where)
    byline = html_of('<p class="byline">By <a rel="author" href="/ann">Ann Lee</a></p>', ARTICLE)
    assert document_of(byline).author == "Ann Lee"
    assert evidence_of(document_of(byline))["author"] == "byline, by trafilatura"


GERMAN = (
    "Der Ausschuss hörte die Zeugin zwei Stunden lang zum Preis des gesalzenen Herings und vertagte sich dann. " * 3
)
FRENCH = "La commission a entendu le témoin pendant deux heures sur le prix du hareng salé avant de se séparer. " * 3


def test_the_language_is_that_of_the_text() -> None:
    assert (detect_language(GERMAN), detect_language(FRENCH)) == ("de", "fr")
    assert language_of(GERMAN, "de-AT") == ("de", "detected")
    assert language_of(GERMAN, "") == ("de", "detected")
    assert language_of(GERMAN, "en-US") == ("de", "detected; the lang attribute says en-US")
    assert [stated_language(said) for said in ("FR-be", "de", "x-klingon", "", "english")] == [
        "fr",
        "de",
        None,
        None,
        None,
    ]
    # Captions in capitals and Latin at the beginning do not tell.
    assert detect_language("IN RE DE MINIMIS NON CURAT LEX, EX PARTE QUILL ET AL. " * 4 + GERMAN * 3) == "de"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Source:
    source = Source(
        name="tarn", title="Tarn Gazette", domain="news", hosts=("tarn.example",),
        discovery=(Discovery("feed", "https://tarn.example/feed"),),
        licence=Licence("CC-BY-4.0", "https://tarn.example/terms"),
        to_html=lambda body, url: html_of(f"<article>{as_p(json.loads(body)['text'])}</article>"),
    )  # fmt: skip
    monkeypatch.setattr("gonerd.crawl.extraction.page.source_of", lambda url, name: source)
    return source


def test_the_licence_that_a_source_declares(known: Source) -> None:
    document = document_of(html_of(ARTICLE), url="https://tarn.example/a")
    assert (document.license, document.license_evidence) == (
        "CC-BY-4.0", "declared by source tarn: https://tarn.example/terms",
    )  # fmt: skip
    own = '<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'
    assert document_of(html_of(ARTICLE, head=own), url="https://tarn.example/a").license == "CC-BY-SA-4.0"
    assert document_of(html_of(ARTICLE), url="https://other.example/a").license == "unknown"


def test_records_of_a_source_become_pages(known: Source) -> None:
    text = paragraphs(5)
    record = json.dumps({"text": text})
    document = document_of(record, url="https://tarn.example/api/1", content_type="application/json")
    assert document.text.split("\n") == text
    assert evidence_of(document)["charset"] == "as source tarn reads its records"
    assert reason_of("{}", url="https://tarn.example/api/1", content_type="application/json") == "source-record"


def test_a_layout_is_applied_where_a_source_has_one(known: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Layout] = []

    def note(tree: Any, layout: Layout) -> Any:
        asked.append(layout)
        return tree

    monkeypatch.setattr(html_page, "apply_layout", note)
    old, new = Layout(date(2025, 1, 1), body="//old"), Layout(body="//new")
    monkeypatch.setattr(type(known), "layouts", (old, new))
    document_of(html_of(ARTICLE), url="https://tarn.example/a", fetched=datetime(2024, 5, 1, tzinfo=UTC))
    document_of(html_of(ARTICLE), url="https://tarn.example/a")
    assert asked == [old, new]


# Parts


def part(markup: str, url: str) -> Part | None:
    return part_of(lxml_html.document_fromstring(f"<html><head>{markup}</head><body><p>x</p></body></html>"), url)


BASE = "https://example.org/story"


@pytest.mark.parametrize(
    ("markup", "url", "expected"),
    [
        ('<link rel=next href="?page=2">', BASE, Part(BASE, 1, f"{BASE}?page=2")),
        ('<link rel=prev href="/story"><link rel=next href="?page=3">', f"{BASE}?page=2",
         Part(BASE, 2, f"{BASE}?page=3")),
        ('<link rel=prev href="/story?page=2">', f"{BASE}?page=3", Part(BASE, 3, None)),
        ('<link rel=next href="/story/page/2/">', BASE, Part(BASE, 1, f"{BASE}/page/2/")),
        ('<link rel=prev href="/story-2.html">', "https://example.org/story-3.html",
         Part("https://example.org/story.html", 3, None)),
        ("<title>Herring (page 2 of 3)</title>", f"{BASE}?part=2", Part(BASE, 2, None, 3)),
        ('<title>Herring (page 1 of 2)</title><link rel=next href="?part=2">', f"{BASE}?part=1",
         Part(BASE, 1, f"{BASE}?part=2", 2)),
        ('<link rel=next href="/another-story">', BASE, None),  # the blog's next post
        ('<link rel=next href="https://other.example/story?page=2">', BASE, None),
        ("<title>Herring (page 2 of 3)</title>", BASE, None),
        ("<title>Herring</title>", f"{BASE}?page=2", None),
        ("", BASE, None),
        ('<link rel=next href="http://[bad">', BASE, None),
    ],
)  # fmt: skip
def test_which_part_a_page_is(markup: str, url: str, expected: Part | None) -> None:
    assert part(markup, url) == expected


def test_all_parts_of_a_story_have_one_group() -> None:
    pages = [
        (BASE, f'<link rel=next href="{BASE}?page=2">'),
        (f"{BASE}?page=2", f'<link rel=prev href="{BASE}"><link rel=next href="{BASE}?page=3">'),
        (f"{BASE}?page=3", f'<link rel=prev href="{BASE}?page=2">'),
    ]
    found = [extract_page(page_of(html_of(ARTICLE, head=head), url=url)).part for url, head in pages]
    assert [one and (one.group, one.number) for one in found] == [(BASE, 1), (BASE, 2), (BASE, 3)]


def test_parts_are_joined_without_what_they_repeat() -> None:
    def one(number: int, *lines: str) -> Document:
        url = f"{BASE}?part={number}"
        return Document(f"d{number}", "\n".join(lines), url=url, title="Herring dear")

    parts = [one(1, "A standfirst", "First."), one(2, "Herring dear", "A standfirst", "Second."), one(3, "Third.")]
    joined = join_parts(parts)
    assert joined.text == "A standfirst\nFirst.\nSecond.\nThird."
    assert (joined.id, joined.url) == ("d1", f"{BASE}?part=1")
    assert join_parts(parts[:1]) is parts[0]
    assert [in_sequence(numbers) for numbers in ([1, 2, 3], [1, 3], [2, 3], [], [3, 1, 2, 5])] == [3, 1, 0, 0, 3]
    assert MISSING == "part-missing"


def test_the_parts_of_a_page_of_the_site_make_up_the_whole() -> None:
    pages = load_pages()
    site = Site(pages, "http://127.0.0.1:8000")

    def found(address: str) -> Extracted:
        answer = site.answer(address)
        return extract_page(page_of(answer.body, url=f"http://127.0.0.1:8000{address}", content_type=answer.kind))

    (whole,) = (page for page in pages if page.parts > 1)
    parts = [found(f"{whole.whole}?part={number}") for number in range(1, whole.parts + 1)]
    places = [one.part for one in parts if one.part]
    assert [(place.number, place.total) for place in places] == [(n, whole.parts) for n in range(1, whole.parts + 1)]
    assert len({place.group for place in places}) == 1
    assert [place.next_url is None for place in places] == [False] * (whole.parts - 1) + [True]
    joined = join_parts([one.document for one in parts])
    assert joined.text.replace("\n\n", "\n") == found(whole.whole).document.text


# The same again


_EVERY_PAGE_OF_THE_SITE = """
import json
from dataclasses import asdict
from datetime import UTC, datetime
from gonerd.crawl.extraction.page import Page, Unfit, extract_page
from gonerd.crawl.site.documents import load_pages
from gonerd.crawl.site.oddities import oddities
from gonerd.crawl.site.routes import Site
pages = load_pages()
site = Site(pages, "http://127.0.0.1:8000")
for number, page in enumerate([*pages, *(one.page for one in oddities(pages) if one.stage != "crawl")]):
    answer, domain = site.answer(page.address), ("news", "legal")[number % 2]
    url = f"http://127.0.0.1:8000{page.address}"
    fetched = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        found = asdict(extract_page(Page(url, 200, answer.kind, answer.body, fetched, domain, None, "x", "y")))
    except Unfit as unfit:
        found = {"reason": unfit.reason, "detail": unfit.detail}
    print(json.dumps(found, default=str))
"""


def test_extraction_is_repeatable_in_other_processes() -> None:
    def found(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-P", "-c", _EVERY_PAGE_OF_THE_SITE], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip

    once = found("1")
    assert once == found("2")
    results = [json.loads(line) for line in once.splitlines()]
    names = {item["document"]["extractor"].split("-")[0] for item in results if "document" in item}
    assert names == {"trafilatura", "lxml", "pypdfium2"}
    assert len(results) > 30


FRAGMENTS = st.lists(
    st.sampled_from([
        "<p>", "</p>", "<div class='article-body'>", "</div>", "<aside>", "<ol start=x><li>", "<table><tr><td>",
        "<pre>", "<sup>", "<h1>Page not found</h1>", "<script type=application/ld+json>{\"@graph\":[{\"@type\":[]",
        "</script>", "<link rel=next href='//['>", "<meta property=og:title>", "<meta name=date content=2025-99-99>",
        "<html lang='\x00'>", "<!--", "-->", "<![CDATA[", "&#xD800;", "&#0;", "\x00", "\ud800", "<svg><title>",
        "<a rel=license href='http://['>", "The commission heard the witness for two hours. " * 9, "%PDF-1.7", "<body>",
        "<br>", "<blockquote>", "<frameset>", "<link rel=canonical href='http://['>", "<ol type=a value=9999999>",
    ]),
    max_size=30,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))  # fmt: skip


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.one_of(FRAGMENTS, st.binary(max_size=400), FRAGMENTS.map(lambda b: b"<html>" + b)),
    kind=st.sampled_from(
        ["text/html", "text/html; charset=utf-16", "text/html; charset=hex", "", "application/pdf", "application/json"]
    ),
    domain=st.sampled_from(["news", "legal"]),
)
def test_no_bytes_raise_anything_but_unfit(body: bytes, kind: str, domain: str) -> None:
    try:
        found = extract_page(page_of(body, content_type=kind, domain=domain))
    except Unfit as unfit:
        assert unfit.reason
        assert unfit.reason != "extractor-error", unfit.detail
    else:
        assert len(found.document.text) >= 200


def test_deep_nesting_does_not_end_the_run() -> None:
    for tag in ("div", "ol><li", "table><tr><td", "b"):
        body = f"<html><body>{f'<{tag}>' * 3000}{as_p(paragraphs(5))}"
        for domain in ("news", "legal"):
            assert reason_of(body, domain=domain) in (None, "no-text", "too-short", "extractor-error")
