"""API records as pages: nothing of a record's text is lost or taken for markup, and what is no record says so."""

from __future__ import annotations

import json
from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gonerd.crawl.sources import SOURCES
from gonerd.crawl.sources.records import html_page, json_record, paragraphs
from gonerd.errors import GonerdError

LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], include_characters=" \n")
)
URL = "https://www.example.org/1"


def words(text: str) -> list[str]:
    return text.split()


@given(LINES)
def test_plain_text_stays_text(text: str) -> None:
    tree = lxml.html.fromstring(f"<div>{paragraphs(text)}</div>".replace("<br>", "<br>\n"))
    assert words(tree.text_content()) == words(text)
    assert {element.tag for element in tree.iter()} <= {"div", "p", "br"}


def test_blank_lines_part_paragraphs() -> None:
    assert paragraphs("\n\na\nb\r\n \t\r\nc\fd\n\n\n") == "<p>a<br>b</p>\n<p>c</p>\n<p>d</p>"
    assert paragraphs(" \n ") == ""


@given(title=LINES, author=LINES, url=st.sampled_from([URL, f'{URL}?a="><script>&b=1']))
def test_the_head_of_a_page(title: str, author: str, url: str) -> None:
    page = html_page(
        "<p>x</p>", url=url, title=title, author=author, published="2024-01-02", licence=url, language="cy"
    )
    tree = lxml.html.document_fromstring(page)
    assert tree.xpath('//link[@rel="canonical"]/@href') == tree.xpath('//link[@rel="license"]/@href') == [url]
    assert tree.xpath('//meta[@property="article:published_time"]/@content') == ["2024-01-02"]
    assert words("".join(tree.xpath("//h1")[0].itertext()) if title else "") == words(title)
    assert tree.xpath('//meta[@name="author"]/@content') == ([author] if author else [])
    assert tree.get("lang") == "cy"
    assert not tree.xpath("//script")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"text"', b"[" * 100_000, b"\xff"])
def test_what_is_no_record(body: bytes) -> None:
    with pytest.raises(GonerdError, match="record"):
        json_record(body)


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("courtlistener", {"detail": "Invalid token."}, "no text"),
        ("courtlistener", {"plain_text": " \n", "html": None, "html_with_citations": 3}, "no text"),
        ("justice_news", {"results": []}, "no press release"),
        ("justice_news", {"results": [{"title": "T", "body": ""}]}, "no press release"),
        ("justice_news", {"results": {"0": {}}}, "no press release"),
        ("federal_register", b"<html><body>Request Access<br></body>", "not XML"),
        (
            "sec_filings",
            b"<html>Your Request Originates from an Undeclared Automated Tool</html>",
            "no EDGAR submission",
        ),
    ],
)
def test_an_answer_without_a_document(name: str, body: Any, why: str) -> None:
    to_html = SOURCES.get(name).to_html
    assert to_html is not None
    with pytest.raises(GonerdError, match=why):
        to_html(body if isinstance(body, bytes) else json.dumps(body).encode(), URL)


@pytest.mark.parametrize("seconds", [None, "", "soon", "9" * 40, [1]])
def test_a_release_with_an_odd_date_has_none(seconds: Any) -> None:
    to_html = SOURCES.get("justice_news").to_html
    assert to_html is not None
    record = {"results": [{"title": "T", "body": "<p>x</p>", "date": seconds}]}
    assert "published_time" not in to_html(json.dumps(record).encode(), URL)


def test_no_text_of_a_register_document_is_lost() -> None:
    xml = b"""<NOTICE><PREAMB><AGENCY>Of <E T="04">Lamps</E></AGENCY><SUBJECT>T</SUBJECT></PREAMB>
      <LSTSUB><HD SOURCE="HED">List</HD><P>one<E T="03"> two</E> three</P></LSTSUB>
      <EXTRACT><P>four</P><FP>five</FP></EXTRACT><NEWTAG>six <P>seven</P> eight</NEWTAG>
      <ODD><DEEP><P>nine</P></DEEP></ODD>
      <GPOTABLE><TTITLE/><BOXHD><CHED H="1">ten</CHED></BOXHD>
      <ROW><ENT>eleven</ENT><ENT/></ROW><TNOTE>twelve</TNOTE></GPOTABLE>
      <FTNT><P><SU>1</SU> thirteen</P></FTNT><PRTPAGE P="9"/><BILCOD>printing</BILCOD></NOTICE>"""
    to_html = SOURCES.get("federal_register").to_html
    assert to_html is not None
    page = lxml.html.document_fromstring(to_html(xml, URL))
    root = etree.fromstring(xml)
    for printing in root.findall(".//BILCOD"):
        printing.getparent().remove(printing)
    shown = " ".join(page.find("body").itertext())
    assert sorted(words(shown)) == sorted(words(" ".join(root.itertext())))
