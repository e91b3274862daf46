from __future__ import annotations

import json
import re
import time

import pytest

from gonerd.crawl.optout import OPTOUTS, Signal, SiteFile, SiteRules, page_signals, site_files

PAGE = "https://example.org/news/2026/quay?page=2"
TDMREP = "/.well-known/tdmrep.json"


def stated(headers: object = (), head: bytes = b"") -> list[tuple[str, str, bool]]:
    return sorted((one.name, one.where, one.reserved) for one in page_signals(headers, head))  # type: ignore[arg-type]


def site(**files: str | bytes | SiteFile) -> SiteRules:
    names = {"robots": "/robots.txt", "ai": "/ai.txt", "tdmrep": TDMREP}
    found = {
        names[name]: file
        if isinstance(file, SiteFile)
        else SiteFile(file if isinstance(file, bytes) else file.encode())
        for name, file in files.items()
    }
    return SiteRules.from_files(found)


def tdmrep(*rules: tuple[str, object]) -> str:
    return json.dumps([{"location": location, "tdm-reservation": value} for location, value in rules])


def reserved(rules: SiteRules, url: str = PAGE) -> bool:
    return rules.refusal(url) is not None


def test_every_signal_is_found() -> None:
    assert OPTOUTS.names() == ["ai_txt", "content_usage", "noai", "tdmrep"]
    assert site_files() == (TDMREP, "/ai.txt")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"X-Robots-Tag": "noindex, nofollow"}, []),
        ({"X-Robots-Tag": "noai"}, [("noai", True)]),
        ({"x-robots-tag": "noindex, NoAI , noimageai"}, [("noai", True), ("noimageai", False)]),
        ({"X-Robots-Tag": "noimageai"}, [("noimageai", False)]),
        ({"X-Robots-Tag": "otherbot: noai"}, []),
        ({"X-Robots-Tag": "otherbot: noindex, noai"}, []),
        ({"X-Robots-Tag": "otherbot: noindex, gonerd: noai"}, [("noai", True)]),
        ({"X-Robots-Tag": "max-snippet: 20, noai"}, [("noai", True)]),
        ({"X-Robots-Tag": "unavailable_after: 25 Jun 2027 15:00:00 PST, noai"}, [("noai", True)]),
        ({"X-Robots-Tag": "noairplanes"}, []),
        ([("X-Robots-Tag", "noindex"), ("x-robots-tag", "noai")], [("noai", True)]),
        ({"TDM-Reservation": "1"}, [("tdm-reservation", True)]),
        ({"tdm-reservation": " 0 "}, [("tdm-reservation", False)]),
        ({"tdm-reservation": "2"}, []),
        ({"tdm-policy": "https://example.org/policy.json"}, []),
        ({"Content-Usage": "train-ai=n"}, [("content-usage", True)]),
        ({"Content-Usage": "search=n"}, []),
        ({"Content-Usage": "ai=n, train-ai=y"}, [("content-usage", False)]),
        ({"Content-Usage": "tdm=n;x=1, search=y"}, [("content-usage", True)]),
        ({"Content-Signal": "search=yes, ai-train=no"}, [("content-signal", True)]),
        ({"Content-Signal": "search=yes,ai-train=yes"}, [("content-signal", False)]),
        ({"Content-Signal": "ai-input=no"}, []),
    ],
)
def test_headers(headers: object, expected: list[tuple[str, bool]]) -> None:
    assert [(name, value) for name, _, value in stated(headers)] == expected


def test_a_policy_is_kept() -> None:
    (signal,) = page_signals({"tdm-reservation": "1", "tdm-policy": "https://example.org/p.json"})
    assert signal == Signal(
        "tdm-reservation", "header tdm-reservation", "1, tdm-policy https://example.org/p.json", True
    )
    assert str(signal) == "header tdm-reservation says tdm-reservation: 1, tdm-policy https://example.org/p.json"
    assert str(page_signals({"x-robots-tag": "noai"})[0]) == "header x-robots-tag says noai"


META = b'<meta name="robots" content="noai">'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (META, ["noai"]),
        (b"<META CONTENT='index, NOAI,noimageai' NAME=Robots />", ["noai", "noimageai"]),
        (b"<meta\n name = robots\n content = noai >", ["noai"]),
        (b'<meta name="gonerd" content="noai">', ["noai"]),
        (b'<meta name="otherbot" content="noai">', []),
        (b'<meta name="robots" content="index,follow">', []),
        (b'<meta name="robots" data-x=">" content="noai">', ["noai"]),
        (b'<meta name="description" content="about noai and tdm-reservation">', []),
        (b'<meta name="tdm-reservation" content="1">', ["tdm-reservation"]),
        (b'<meta name="tdm-reservation" content="yes">', []),
        # What looks like an element and is none.
        (b"<!-- " + META + b" -->", []),
        (b"<script>document.write('" + META + b"')</script>", []),
        (b"<style>/* " + META + b" */</style>", []),
        (b"<title>" + META + b"</title>", []),
        (b"<textarea>" + META + b"</textarea>", []),
        (b"<p title='" + META.replace(b'"', b"") + b"'>x</p>", []),
        (b"<p>&lt;meta name=robots content=noai></p>", []),
        (b"<p>The directive noai and tdm-reservation: 1</p>", []),
    ],
)
def test_pages(html: bytes, expected: list[str]) -> None:
    page = b"<!doctype html><html><head>" + html + b"</head><body><p>text</p></body></html>"
    assert [name for name, _, _ in stated((), page)] == expected
    assert [name for name, _, _ in stated((), page.decode().encode("utf-16"))] == expected


def test_no_page_is_too_odd() -> None:
    for html in (b"", b"noai", b"\x00noai\xff", b"<meta name=robots content=noai", META * 3000, b"<div>" * 3000 + META):
        page_signals((), html)
    assert stated((), b"\xff\xfe" + META) == []  # no UTF-16 though it says so


def test_the_page_supersedes_the_header() -> None:
    """TDMRep, 6.4."""
    page = b'<meta name="tdm-reservation" content="%d">'
    assert stated({"tdm-reservation": "1"}, page % 0) == [("tdm-reservation", "meta tdm-reservation", False)]
    assert stated({"tdm-reservation": "0"}, page % 1) == [("tdm-reservation", "meta tdm-reservation", True)]
    assert stated({"tdm-reservation": "1"}, page % 7) == [("tdm-reservation", "header tdm-reservation", True)]


def test_only_the_head_is_looked_at_and_quickly() -> None:
    filler = b"<p>nothing to see here, move along</p>" * 2000
    assert stated((), filler + META) == []
    begun = time.process_time()
    for _ in range(100):
        page_signals({"content-type": "text/html"}, filler)
    assert time.process_time() - begun < 0.5  # 5 ms a page; it takes a fiftieth of that


def test_tdmrep_examples_of_the_report() -> None:
    assert reserved(site(tdmrep=tdmrep(("/", 1))))
    rules = site(
        tdmrep=tdmrep(("/directory-a/", 1), ("/directory-b/html/", 1), ("/directory-b/images/*.jpg", 0))
    )  # section 6.2.2
    expected = {"/directory-a/x.pdf": True, "/directory-b/html/1": True, "/directory-b/images/1.jpg": False, "/": False}
    assert {path: reserved(rules, "https://example.org" + path) for path in expected} == expected
    assert reserved(site(tdmrep=tdmrep(("/path/foo-%24", 1))), "https://example.org/path/foo-$")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("/news", 0), ("/", 1)], False),
        ([("/", 1), ("/news", 0)], True),  # the first in the file reserves
        ([("/", 0), ("/news", 1)], True),  # the longest reserves
        ([("/news", 1), ("/news", 0)], True),
        ([("/news$", 1)], False),
        ([("/*/quay?page=2$", "1")], True),
        ([("/NEWS", 1)], False),
        ([("/", 2), ("/", None), ("/", True)], False),
        ([("/law", 1)], False),
    ],
)
def test_tdmrep_order(rules: list[tuple[str, object]], expected: bool) -> None:
    assert reserved(site(tdmrep=tdmrep(*rules))) == expected


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{not json", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'"yes"', "no array"),
        (b'[{"location": "/"}]', "no rule with a location"),
        (b"[]", ""),
        (b'\xef\xbb\xbf[{"location": "/law", "tdm-reservation": 1}]', ""),
        (b"<!doctype html><p>Not found", ""),
    ],
)
def test_what_is_no_tdmrep_means_nothing(body: bytes, problem: str) -> None:
    rules = site(tdmrep=body)
    assert not reserved(rules)
    assert [bool(problem) and problem in one for one in rules.problems] == ([True] if problem else [])


def test_one_rule_without_brackets() -> None:
    assert reserved(site(tdmrep='{"location": "/", "tdm-reservation": 1}'))


def test_a_page_in_place_of_a_file_means_nothing() -> None:
    forbid = b"User-agent: *\nDisallow: /\n"
    assert reserved(site(ai=forbid))
    assert not reserved(site(ai=SiteFile(forbid, "text/html; charset=utf-8")))
    assert not reserved(site(ai=b"\xef\xbb\xbf \n<html>" + forbid))
    assert not reserved(SiteRules.from_files({"/ai.txt": None, TDMREP: None, "/robots.txt": None}))
    assert not reserved(SiteRules())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Disallow: *.html", True),
        ("Disallow: *.txt\nDisallow: *.pdf\nAllow: *.html", False),
        ("Disallow: /\nAllow: *.html", False),
        ("Disallow: /\nDisallow: *", True),
        ("Disallow:", False),
        ("Disallow: /law", False),
    ],
)
def test_ai_txt(lines: str, expected: bool) -> None:
    rules = site(ai=f"# Spawning\nUser-Agent: *\n{lines}\n")
    assert reserved(rules) == expected
    assert reserved(rules, "https://example.org/news/quay.html") == expected
    if expected:
        assert "/ai.txt says ai.txt: disallows /news/2026/quay.html" in str(rules.refusal(PAGE))


def test_ai_txt_by_type() -> None:
    rules = site(ai="User-Agent: *\nDisallow: *.pdf\nAllow: *.html")
    assert reserved(rules, "https://example.org/a.pdf")
    assert not reserved(rules, "https://example.org/a.pdf/about")


def test_the_example_of_the_draft() -> None:
    """draft-ietf-aipref-attach, section 3.3."""
    robots = (
        "User-Agent: *\nAllow: /\nDisallow: /never/\nContent-Usage: train-ai=n\nContent-Usage: /ai-ok/ train-ai=y\n\n"
        "User-Agent: ExampleBot\nAllow: /\nContent-Usage: train-ai=y\n"
    )
    rules = site(robots=robots)
    assert reserved(rules, "https://example.org/test")
    assert not reserved(rules, "https://example.org/ai-ok/test")
    assert not reserved(site(robots=robots.replace("ExampleBot", "Gonerd")), "https://example.org/test")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("User-agent: *\nContent-Signal: search=yes,ai-train=no\nAllow: /", True),
        ("User-agent: *\ncontent-signal : AI-TRAIN=NO # ours", True),
        ("User-agent: *\n# Content-Signal: ai-train=no", False),
        ("User-agent: otherbot\nContent-Signal: ai-train=no", False),
        ("Content-Signal: ai-train=no", False),  # in no group
        ("User-agent: *\nContent-Signal: search=no", False),
        ("User-agent: *\nContent-Usage: /news/ train-ai=n", True),
        ("User-agent: *\nContent-Usage: /news\ttrain-ai=n", True),
        ("User-agent: *\nContent-Usage: /law/ train-ai=n", False),
        ("User-agent: *\nContent-Signal: ai-train=no\nContent-Usage: /news/ train-ai=y", False),
        ("User-agent: *\nContent-Signal: ai-train=no\nContent-Signal: ai-train=yes", True),
        ("User-agent: *\nContent-Usage: train-ai=maybe", False),
    ],
)
def test_content_usage_in_robots(lines: str, expected: bool) -> None:
    rules = site(robots=lines)
    assert reserved(rules) == expected
    if expected:
        assert re.fullmatch(r"/robots\.txt says content-(signal|usage): .+", str(rules.refusal(PAGE)))
