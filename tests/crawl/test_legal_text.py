"""Invented pages in the shapes in which courts and gazettes publish: nothing of the document may be lost."""

from __future__ import annotations

import pytest
from lxml import html as lxml_html

from gonerd.crawl.extraction.numbering import is_number
from gonerd.crawl.extraction.rendering import to_lines
from tests.crawl.pages import SENTENCE, as_p, document_of, html_of, paragraphs

LONG = SENTENCE * 3


def lines_of(body: str) -> list[str]:
    return document_of(body, domain="legal").text.split("\n")


def test_an_opinion_as_a_fragment() -> None:
    """A reporter's edition: captions in `center`, page marks of the print in the running text, notes at the end."""
    found = lines_of(
        "<div><center><b>12 F.9th 345 (2031)</b></center><center><h1>Odile MARCHWELL, Plaintiff,<br>v.<br>"
        "The CITY OF TARN, Defendant.</h1></center><center>No. 31-204.</center><center>Decided May 4, 2031.</center>"
        '<p><span class="star-pagination">*346</span> HALVORSEN, Circuit Judge.</p><h2>I.</h2>'
        f'<p>Marchwell sued the City,<sup>[1]</sup> which <span class="star-pagination">*347</span> answered.'
        f" {LONG}</p>"
        "<p></p><h2>II. Standard of Review</h2><blockquote>We review <i>de novo.</i></blockquote>"
        "<p>NOTES</p><p>[1] The other defendant is the harbour board.</p></div>"
    )
    assert found == [
        "12 F.9th 345 (2031)",
        "Odile MARCHWELL, Plaintiff, v. The CITY OF TARN, Defendant.",
        "No. 31-204.",
        "Decided May 4, 2031.",
        "HALVORSEN, Circuit Judge.",
        "I.",
        f"Marchwell sued the City,[1] which answered. {LONG}".strip(),
        "II. Standard of Review",
        "We review de novo.",
        "NOTES",
        "[1] The other defendant is the harbour board.",
    ]


def test_an_opinion_in_a_page_of_the_court() -> None:
    """Notes stand in an `aside` in the middle of the text: they go to the end, their marks stay in place."""
    found = lines_of(
        html_of(
            "<header><h1>Tarn Court of Appeals</h1><nav><a href=/>Home</a></nav></header>",
            '<div class="toolbar"><button>Print</button><a href="#">Cite this opinion</a></div>',
            '<main><div class="opinion-content"><div class="caption"><p>IN RE HERRING FISHERIES</p></div>',
            f'<p>The board fined him.<sup><a href="#fn1" id="r1">1</a></sup> {LONG}</p>',
            '<aside role="doc-footnote" id="fn1" class="footnote"><p>1. Order of 3 May, unreported.</p></aside>',
            f'<ol><li>{LONG}</li><li>Second ground.</li></ol><ol start="3"><li>Third ground.</li></ol>',
            '<ol type="a"><li>costs;</li><li>interest.</li></ol></div>',
            '<div class="related-cases"><h3>Related cases</h3><p>In re Eels, decided on the same day by it.</p></div>',
            "</main><footer><p>Contact the clerk between nine and four, on any day but Sunday.</p></footer>",
        )
    )
    assert found == [
        "IN RE HERRING FISHERIES",
        f"The board fined him.[1] {LONG}".strip(),
        f"1. {LONG}".strip(),
        "2. Second ground.",
        "3. Third ground.",
        "a. costs;",
        "b. interest.",
        "1. Order of 3 May, unreported.",
    ]


def test_a_judgment_with_numbered_sections() -> None:
    """Numbers stand in elements of their own, as in the Akoma Ntoso rendering of judgments."""
    numbered = "".join(
        f'<section id="para_{n}"><span class="judgment-body__number">{n}.</span><div><p>{text}</p></div></section>'
        for n, text in enumerate([LONG, "The appeal is about herring.", "I would dismiss it."], start=1)
    )
    found = lines_of(
        html_of(
            '<a class="skip-link" href="#x">Skip to content</a><header><p>A service of the archives</p></header>',
            '<article class="judgment"><div class="judgment-header"><p>Neutral Citation: [2031] TWHC 9</p></div>',
            f'<div class="judgment-body"><p>Mr Justice Oakhanger:</p><h2>Introduction</h2>{numbered}',
            "<section><span>(a)</span><p>for the reasons given by Lady Quill;</p></section></div></article>",
        )
    )
    assert found[-6:] == [
        "Mr Justice Oakhanger:",
        "Introduction",
        f"1. {LONG}".strip(),
        "2. The appeal is about herring.",
        "3. I would dismiss it.",
        "(a) for the reasons given by Lady Quill;",
    ]


def test_a_regulation_set_in_tables() -> None:
    """A gazette lays out numbered points as tables of two cells; real tables keep a row a line."""
    points = "".join(
        f"<table><tr><td><p>({n})</p></td><td><p>{text}</p></td></tr></table>"
        for n, text in enumerate([LONG, "Whereas the fleet has grown.", "Whereas the herring has not."], start=1)
    )
    found = lines_of(
        html_of(
            f'<div id="document1"><p class="doc-ti">REGULATION (TU) 2031/7</p>{points}<p>Article 1</p>',
            "<table><tr><th>Species</th><th>Tonnes</th></tr><tr><td>Herring</td><td>1,200</td></tr></table>",
            '<p class="note"><a id="n1" href="#r1">(1)</a> OJ T 4, 5.1.2031, p. 2.</p></div>',
        )
    )
    assert found == [
        "REGULATION (TU) 2031/7",
        f"(1) {LONG}".strip(),
        "(2) Whereas the fleet has grown.",
        "(3) Whereas the herring has not.",
        "Article 1",
        "Species | Tonnes",
        "Herring | 1,200",
        "(1) OJ T 4, 5.1.2031, p. 2.",
    ]


def test_a_print_of_the_printing_office() -> None:
    """Fixed-width text keeps its lines; what a browser shows as one empty line stays one."""
    text = (
        "[House Document No. 7]\n\n                 HEARING ON HERRING\n\n\n\n"
        f"    The committee met.  {LONG}\n\n    ¶ 12  Mr. Quill:  No."
    )
    assert document_of(f"<html><body><pre>{text}</pre></body></html>", domain="legal").text.split("\n") == [
        "[House Document No. 7]",
        "",
        "                 HEARING ON HERRING",
        "",
        f"    The committee met.  {LONG}".rstrip(),
        "",
        "    ¶ 12  Mr. Quill:  No.",
    ]


def test_a_release_of_a_ministry_reads_like_an_article() -> None:
    """The text lies beside much that is not text; only the element with the text is taken."""
    text = paragraphs(6)
    found = lines_of(
        html_of(
            "<nav><ul><li><a href=/>Home</a></li></ul></nav><main><h1>Tarn fines trawler</h1>",
            '<div class="share-bar"><p>Share this release with others who may be interested in it</p></div>',
            f'<div class="field-body">{as_p(text)}</div>',
            '<section class="contact"><p>Press office, Lower Pellick Street 4</p></section></main>',
        )
    )
    assert found == text


def test_a_text_without_a_site_around_it_is_taken_whole_in_any_domain() -> None:
    text = paragraphs(4)
    fragment = f"<div><h1>Herring dear</h1>{as_p(text[:2])}<h2>In May</h2><ol><li>{text[2]}</li></ol>{text[3]}</div>"
    rest = [*text[:2], "In May", f"1. {text[2]}", text[3]]
    assert document_of(fragment, domain="other").text.split("\n") == ["Herring dear", *rest]
    assert document_of(fragment, domain="news").text.split("\n") == rest
    menu = "".join(f'<td><a href="/{n}">All the herring news of the year {2000 + n}</a></td>' for n in range(40))
    old = f"<table><tr>{menu}</tr></table><div>{as_p(text)}</div>"
    assert document_of(old, domain="news").text.split("\n") == text


@pytest.mark.parametrize(
    ("line", "number"),
    [("12.", True), ("(a)", True), ("[3]", True), ("¶ 7", True), ("§ 2.1", True), ("3.2.1.", True), ("b)", True),
     ("v.", False), ("IV.", False), ("I", False), ("A.", False), ("2031", False), ("No.", False), ("12. May", False)],
)  # fmt: skip
def test_numbers_alone_on_a_line(line: str, number: bool) -> None:
    assert is_number(line) is number


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<ol><li>a<li>b</ol>", ["1. a", "2. b"]),
        ("<ol start=9 type=i><li>a<li>b</ol>", ["ix. a", "x. b"]),
        ("<ol type=A start=26><li>a<li>b</ol>", ["Z. a", "AA. b"]),
        ("<ol reversed><li>a<li>b</ol>", ["2. a", "1. b"]),
        ("<ol><li>a<li value=7>b<li>c</ol>", ["1. a", "7. b", "8. c"]),
        ("<ol><li>a<ol type=a><li>b</ol><li>c</ol>", ["1. a", "a. b", "2. c"]),
        ("<ul><li>a<li><p>b</p><p>c</p></ul>", ["- a", "- b", "c"]),
        ("<ol><li></li><li>b</ol>", ["1.", "2. b"]),
        ("<dl><dt>Judge</dt><dd>Quill</dd></dl>", ["Judge", "Quill"]),
        ("<p>a<br>b<br><br>c</p>", ["a b", "c"]),
        ("<p>m<sup>2</sup> and note<sup><a href='#n'>3</a></sup></p>", ["m2 and note[3]"]),
        ("a<p>b</p>c<script>d</script>", ["a", "b", "c"]),
    ],
)
def test_lists_and_lines_as_a_browser_shows_them(markup: str, lines: list[str]) -> None:
    assert to_lines(lxml_html.fragment_fromstring(markup, create_parent="div")) == lines
