"""Every source is read as a crawl reads it, against fixtures in the shape of the publisher's answers.

The fixtures in `sources/NAME/` are ours: names, facts and words are invented.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import trafilatura
from lxml import etree

from gonerd.crawl.extraction.licences import UNKNOWN, licence_of
from gonerd.crawl.extraction.page import Page, to_document
from gonerd.crawl.hosts import host_of, url_problem
from gonerd.crawl.listings import LISTINGS
from gonerd.crawl.sources import SOURCES, Layout, Source, source_of
from gonerd.crawl.sources.cli import sources_table
from gonerd.crawl.sources.layouts import apply_layout
from gonerd.crawl.sources.licences import declared_licence
from gonerd.dataset.rights import why_not
from gonerd.errors import GonerdError
from gonerd.records import DOMAINS, Document
from tools.sources import TARGET

FIXTURES = Path(__file__).parent / "sources"
LARGE = 1 << 20
NAMES = SOURCES.names()


def expected(name: str) -> dict[str, Any]:
    path = FIXTURES / name / "expected.json"
    assert path.is_file(), f"{path}: a source needs fixtures; see CONTRIBUTING.md, Add a source"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


LISTED = [(name, case) for name in NAMES for case in expected(name)["listings"]]
PAGES = [(name, case) for name in NAMES for case in expected(name)["pages"]]


def case_id(value: Any) -> str:
    return value if isinstance(value, str) else value["file"]


@pytest.mark.parametrize("name", NAMES)
def test_a_source_has_all_its_fixtures(name: str) -> None:
    source, cases = SOURCES.get(name), expected(name)
    ways = {(one.kind, tuple(one.options.items())) for one in source.discovery}
    covered = [source.discovery[case["discovery"]] for case in cases["listings"]]
    assert ways == {(one.kind, tuple(one.options.items())) for one in covered}, "every way to list has a fixture"
    assert any(case["pages"] for case in cases["listings"])
    assert any(case["left_out"] for case in cases["listings"]), "a fixture shows what is no page"
    assert cases["pages"]
    for layout in source.layouts:
        fetched = [date.fromisoformat(case["fetched"]) for case in cases["pages"]]
        assert any(source.layout(day) is layout for day in fetched), "every layout has a fixture"
    named = {case["file"] for part in ("listings", "pages") for case in cases[part]} | {"expected.json"}
    assert named == {path.name for path in (FIXTURES / name).iterdir()}


def test_every_fixture_has_a_source() -> None:
    assert sorted(path.name for path in FIXTURES.iterdir()) == NAMES


@pytest.mark.parametrize(("name", "case"), LISTED, ids=case_id)
def test_listing(name: str, case: dict[str, Any]) -> None:
    source = SOURCES.get(name)
    discovery = source.discovery[case["discovery"]]
    body = (FIXTURES / name / case["file"]).read_bytes()
    listing = LISTINGS.get(discovery.kind).read(body, case["url"], LARGE, discovery.options)
    assert [list(entry) for entry in listing.pages if source.lists(entry.url)] == case["pages"]
    assert [entry.url for entry in listing.pages if not source.lists(entry.url)] == case["left_out"]
    further = (*listing.listings, *listing.following)
    assert [list(entry) for entry in further] == case["listings"]
    assert case["url"] not in [entry.url for entry in further]
    assert all(host_of(entry.url) in source.hosts for entry in further)


def read_page(source: Source, case: dict[str, Any]) -> Page:
    """Returns the response of a page as a crawl leaves it."""
    body = (FIXTURES / source.name / case["file"]).read_bytes()
    fetched = datetime.fromisoformat(case["fetched"]).replace(tzinfo=UTC)
    place = ("x.warc.gz", "<urn:uuid:0>")
    return Page(case["url"], 200, case["content_type"], body, fetched, source.domain, source.name, *place)


def as_html(source: Source, page: Page) -> Page:
    if source.to_html is None:
        return page
    return replace(page, body=source.to_html(page.body, page.url).encode(), content_type="text/html; charset=utf-8")


def extracted(source: Source, page: Page) -> Document:
    return to_document(page)


def flaws(document: Document, case: dict[str, Any]) -> list[str]:
    text = " ".join(document.text.split())
    wanted = (case["first"], case["last"], *case.get("present", ()))
    return [phrase for phrase in wanted if phrase not in text] + [phrase for phrase in case["absent"] if phrase in text]


@pytest.mark.parametrize(("name", "case"), PAGES, ids=case_id)
def test_page(name: str, case: dict[str, Any]) -> None:
    source = SOURCES.get(name)
    assert source.lists(case["url"])
    page = read_page(source, case)
    document = extracted(source, page)
    assert flaws(document, case) == []
    assert document.title == case["title"]
    assert (document.published and document.published.isoformat()) == case["published"]
    assert (document.domain, document.source) == (source.domain, name)
    assert [document.license, document.license_evidence] == [case["licence"], case["evidence"]]


@pytest.mark.parametrize(("name", "case"), PAGES, ids=case_id)
def test_a_licence_is_stated_or_declared(name: str, case: dict[str, Any]) -> None:
    source = SOURCES.get(name)
    page = as_html(source, read_page(source, case))
    tree = None if page.content_type == "application/pdf" else trafilatura.load_html(page.body)
    found = (UNKNOWN, None) if tree is None else licence_of(tree, page.url)
    found = declared_licence(source, tree) if found[0] == UNKNOWN else found
    assert list(found) == [case["licence"], case["evidence"]]


LAID_OUT = [(name, case) for name, case in PAGES if SOURCES.get(name).layouts]


@pytest.mark.parametrize(("name", "case"), LAID_OUT, ids=case_id)
def test_a_layout_earns_its_place(name: str, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES.get(name)
    monkeypatch.setattr(Source, "layout", lambda self, fetched: None)
    document = extracted(source, read_page(source, case))
    assert flaws(document, case) or document.title != case["title"], "the generic extraction does as well without it"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_source_declares(name: str) -> None:
    source = SOURCES.get(name)
    assert source.name == name
    assert source.domain in DOMAINS
    assert source.delay >= 0.1
    for address in (source.licence.evidence, *(one.url for one in source.discovery)):
        assert url_problem(address) is None
        assert address.startswith("https://")
    assert all(host_of(one.url) in source.hosts for one in source.discovery)
    assert source.pages, "without a pattern section fronts and topics would count as articles"
    assert [layout.valid_until for layout in source.layouts[-1:]] in ([], [None])
    days = [layout.valid_until for layout in source.layouts[:-1]]
    assert days == sorted(days)
    etree.XPath(source.licence.excepted or "/", namespaces={"re": "http://exslt.org/regular-expressions"})
    if source.token:
        assert re.fullmatch(r"[A-Z][A-Z_]+", source.token)
        assert "{token}" in source.token_header[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_release_follows_from_the_licence(name: str) -> None:
    licence = SOURCES.get(name).licence
    document = Document(
        id="a", text="Text.", url="https://example.org/", source=name, license=licence.id, license_evidence="declared"
    )
    assert licence.release == ("urls-only" if why_not(document) else "full")


def test_there_are_enough_sources_of_each_kind() -> None:
    full = [SOURCES.get(name).domain for name in NAMES if SOURCES.get(name).licence.release == "full"]
    assert min(sum(SOURCES.get(name).domain == domain for name in NAMES) for domain in ("news", "legal")) >= 8
    assert min(full.count("news"), full.count("legal")) >= 5


def test_publishers_that_share_a_host_are_told_apart() -> None:
    filing = "https://www.sec.gov/Archives/edgar/data/1/0000000001-24-000001.txt"
    release = "https://www.sec.gov/enforcement-litigation/litigation-releases/lr-1"
    assert [source_of(url).name for url in (filing, release)] == ["sec_filings", "sec_litigation"]
    assert source_of("https://www.sec.gov/about") is None
    assert source_of("https://www.sec.gov/about", "sec_filings").name == "sec_filings"
    assert source_of("https://www.voanews.com/anything").name == "voa"
    assert source_of("https://example.org/") is None


PAGE = """<html><head><title>T</title></head><body><p>before</p><div class="text"><p>one <b>ad</b> two</p>
<div class="text"><p>inner</p></div></div><script type="application/ld+json">{}</script><p>after</p></body></html>"""


def test_a_layout_leaves_the_text_and_the_linked_data() -> None:
    tree = trafilatura.load_html(PAGE)
    before = etree.tostring(tree)
    page = apply_layout(tree, Layout(body='//div[@class="text"]', remove="//b"))
    assert " ".join(page.find("body").text_content().split()) == "one two inner"
    assert page.xpath("//head/script")
    assert etree.tostring(tree) == before


def test_a_layout_without_a_body_only_removes() -> None:
    page = apply_layout(trafilatura.load_html(PAGE), Layout(remove='//p[.="before"] | //b'))
    assert " ".join(page.find("body").text_content().split()) == "one two inner{}after"


def test_a_page_built_in_another_way_is_an_error() -> None:
    with pytest.raises(GonerdError, match="main"):
        apply_layout(trafilatura.load_html(PAGE), Layout(body="//main"))


def test_a_page_in_another_layout_is_not_cut_wrongly() -> None:
    source = SOURCES.get("ftc")
    old, present = source.layouts
    for file, layout in (("page.html", old), ("page_2019.html", present)):
        tree = trafilatura.load_html((FIXTURES / "ftc" / file).read_bytes())
        with pytest.raises(GonerdError, match="matches"):
            apply_layout(tree, layout)


def test_layouts_change_after_their_last_day() -> None:
    source = SOURCES.get("wikinews")
    old, present = source.layouts
    days = (date(2003, 1, 1), date(2017, 6, 30), date(2017, 7, 1), None)
    assert [source.layout(day) for day in days] == [old, old, present, present]


def test_the_table_is_fresh() -> None:
    assert TARGET.read_text(encoding="utf-8") == sources_table(True) + "\n", "run `make docs` and commit the result"


def test_the_table_for_a_terminal_names_every_source() -> None:
    lines = sources_table(False).splitlines()
    assert {line.split()[0] for line in lines if line and not line.startswith(" ")} == set(NAMES)


def test_sources_need_no_engine() -> None:
    script = (
        "import sys; from gonerd.crawl.sources import SOURCES; SOURCES.names(); "
        "heavy = {'scrapy', 'trafilatura', 'warcio', 'twisted', 'feedparser'} & set(sys.modules); "
        "sys.exit(3 if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd="/").returncode == 0
