from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from gpyrobotstxt.robots_cc import RobotsMatcher
from hypothesis import example, given, settings
from hypothesis import strategies as st
from protego import Protego
from robots.parser import RobotsParser

from gonerd.crawl.fetch.robots_rules import expires_at, read_rules, unreachable
from gonerd.crawl.robots_file import LIMIT, PRODUCT, records_for

SITE = "https://example.org"
PAGE = SITE + "/a/b"
FORBID = b"User-agent: *\nDisallow: /"


def allowed(text: str | bytes, url: str = PAGE) -> bool:
    return read_rules(200, text if isinstance(text, bytes) else text.encode()).refusal(url) is None


@pytest.mark.parametrize(
    ("status", "redirects", "expected"),
    [
        *((status, 0, "follow") for status in (200, 203, 206, 299)),
        *((status, 0, "allow") for status in (400, 401, 403, 404, 410, 418, 451, 499)),
        *((status, 0, "forbid") for status in (500, 502, 503, 504, 599, 600, 100, 0)),
        (429, 0, "retry-later"),
        *((status, hops, "forbid") for status in (301, 302, 304, 307, 308) for hops in (0, 4)),
        *((status, hops, "allow") for status in (301, 302, 303, 307, 308) for hops in (5, 6)),
        (200, 5, "follow"),
        (503, 5, "forbid"),
    ],
)
def test_status(status: int, redirects: int, expected: str) -> None:
    """RFC 9309, 2.3.1.1 to 2.3.1.4; 429 alone is stricter."""
    rules = read_rules(status, b"User-agent: *\nDisallow: /a/b", redirects)
    refused, elsewhere = rules.refusal(PAGE), rules.refusal(SITE + "/c")
    if expected == "follow":
        assert refused == "robots.txt disallows /a/b"
        assert elsewhere is None
    elif expected == "allow":
        assert refused is elsewhere is None
    else:
        assert refused == elsewhere
        assert str(status) in str(refused)
        assert rules.reason == ("retry-later" if expected == "retry-later" else "robots")


def test_unreachable_means_no() -> None:
    assert unreachable("timed out").refusal(PAGE) == (
        "robots.txt cannot be reached, so nothing may be fetched (timed out)"
    )
    assert unreachable("timed out").reason == "robots"
    assert unreachable("timed out", "timeout").reason == "timeout"


def test_robots_txt_is_always_allowed() -> None:
    assert allowed(FORBID, SITE + "/robots.txt")
    assert not allowed(FORBID, SITE + "/robots.txt/x")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("*", True), ("GONERD", True), ("gonerd", True), ("GoNerd/0.1", True), ("GONERD (+https://x)", True),
        ("* all of you", True), ("GON", False), ("GONERD-news", False), ("nerd", False), ("MyGONERD", False),
        ("Mozilla GONERD", False), ("", False),
    ],
)  # fmt: skip
def test_whose_group_it_is(name: str, ours: bool) -> None:
    assert allowed(f"User-agent: {name}\nDisallow: /") is not ours


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("Disallow: /", True),  # in no group
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /\nUser-agent: gonerd\nDisallow:", True),
        ("User-agent: gonerd\nDisallow:\nUser-agent: *\nDisallow: /", True),
        ("User-agent: gonerd\nUser-agent: *\nDisallow: /", False),
        ("User-agent: gonerd\nUser-agent: other\nDisallow: /", False),
        (
            "User-agent: gonerd\nDisallow: /x\n\nUser-agent: other\nDisallow: /y\n\nUser-agent: gonerd\nDisallow: /a",
            False,
        ),
        ("User-agent: *\nDisallow: /x\n\nUser-agent: *\nDisallow: /a", False),
        ("User-agent: gonerd\nSitemap: x\nFoo: bar\nUser-agent: other\nDisallow: /", False),  # 2.2.4
        ("User-agent: *\n\nDisallow: /a", False),
        ("User-agent: *\nDisallow: /a # /c", False),
        ("User-agent: * # all\nDisallow: /a", False),
        ("user-AGENT : *\r\tDISALLOW\t: /a", False),
        ("User-agent *\r\nDisallow /a\r\n", False),
        ("Useragent: *\nDissallow: /a", False),
        ("\ufeffUser-agent: *\nDisallow: /a", False),
        ("<html>User-agent: *\nDisallow: /a</html>", True),
        ("User-agent: *\nDisallow: /A", True),
        ("User-agent: *\nDisallow: a", True),
        ("User-agent: *\nDisallow: *a", False),
        ("User-agent: *\nAllow: /a/\nDisallow: /a/b", False),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a/b", True),
        ("User-agent: *\nDisallow: /a/b\nAllow: /a/b", True),
        ("User-agent: *\nDisallow: /a/b$\nAllow: /a/b", False),
        ("User-agent: *\nDisallow: /a$", True),
        ("User-agent: *\nDisallow: /*b$", False),
        ("User-agent: *\nDisallow: /*/", False),
        ("User-agent: *\nDisallow: /*/b/", True),
        ("User-agent: *\nDisallow: /\nAllow: *", True),
    ],
)
def test_groups_and_rules(text: str, expected: bool) -> None:
    assert allowed(text) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "same"),
    [
        # The table of RFC 9309, 2.2.2.
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", True),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", True),
        ("/foo/bar?baz=https%3a%2f%2ffoo.bar", "/foo/bar?baz=https://foo.bar", True),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/%e3%83%84", "/foo/bar/ツ", True),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", True),
        ("/foo/bar/baz", "/foo/bar/%62%61%7a", True),
        # What is data stays data.
        ("/a%2Fb", "/a/b", False),
        ("/a/b", "/a%2fb", False),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%3Fb", "/a?b", False),
        ("/a?b%26c", "/a?b&c", False),
        ("/a%2541", "/a%41", False),
        ("/a b", "/a%20b", True),
        # 2.2.3: special characters that are meant as themselves.
        ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", True),
        ("/path/file-with-a-%2A.html", "/path/file-with-a-b.html", False),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/path/foo-%24", "/path/foo-", False),
        ("/a$b", "/a$b", True),
        ("/a?", "/a", False),
        ("/a?", "/a?", True),
        ("/a", "?a", False),
    ],
)
def test_percent_encoding(pattern: str, path: str, same: bool) -> None:
    assert allowed(f"User-agent: *\nDisallow: {pattern}", SITE + path) is not same


def test_octets_that_are_not_utf_8() -> None:
    assert not allowed(b"User-agent: *\nDisallow: /caf\xe9", SITE + "/caf%E9")


def test_only_the_first_500_kib_count() -> None:
    """RFC 9309, 2.5."""
    start = b"User-agent: *\n"
    filler = b"#" * 98 + b"\n"
    most = start + filler * ((LIMIT - len(start) - 20) // len(filler))
    assert len(most) <= LIMIT - 20
    assert not allowed(most + b"Disallow: /a\n" + filler * 5)
    assert allowed(start + filler * (LIMIT // len(filler) + 1) + b"Disallow: /a\n")
    cut = most + b"#" * (LIMIT - len(most) - len(b"\nDisallow: /")) + b"\nDisallow: /zzz\n"
    assert cut[:LIMIT].endswith(b"\nDisallow: /")  # the line that the limit cuts would forbid everything
    assert allowed(cut)


def test_hostile_patterns_take_no_time() -> None:
    stars = "User-agent: *\n" + f"Disallow: /{'*a' * 5000}b\n" * 5
    assert allowed(stars, SITE + "/" + "a" * 20_000)


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("Crawl-delay: 7", 7), ("crawl-delay: 0.5", 0.5), ("Request-rate: 1/20", 20), ("Request-rate: 2/1m", 30),
        ("Crawl-delay: 7\nRequest-rate: 1/3", 7), ("Crawl-delay: soon", 0), ("Crawl-delay: -1", 0),
        ("Crawl-delay: inf", 0), ("Crawl-delay: nan", 0), ("Request-rate: 0/5", 0), ("Disallow: /x", 0),
    ],
)  # fmt: skip
def test_delay(lines: str, delay: float) -> None:
    assert read_rules(200, f"User-agent: *\n{lines}\n".encode()).delay == delay
    assert read_rules(200, f"User-agent: other\n{lines}\n".encode()).delay == 0


def test_a_delay_of_hours_is_a_no() -> None:
    assert "86400 seconds" in str(read_rules(200, b"User-agent: *\nCrawl-delay: 86400\n").refusal(PAGE))


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 86400),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, MAX-AGE=3600, immutable"}, 3600),
        ({"cache-control": "max-age=31536000"}, 86400),
        ({"cache-control": "s-maxage=60"}, 86400),  # meant for shared caches
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=0"}, 60),
        ({"cache-control": "max-age=600", "age": "-99999999999999999999"}, 600),
        ({"cache-control": "no-store, max-age=600"}, 60),
        ({"cache-control": "no-cache"}, 60),
        ({"cache-control": "max-age=99999999999999"}, 86400),
        ({"cache-control": "max-age=-5"}, 86400),
    ],
)
def test_a_file_is_kept_for_a_day_at_most(headers: dict[str, str], seconds: int) -> None:
    assert expires_at(NOW, headers) - NOW == timedelta(seconds=seconds)


# Generated files. The alphabet is small, so that patterns and paths meet.
LETTER = st.sampled_from(["a", "b", "/", "?", "=", "&", ":", ".", "-", "é", "ツ"])
PATH = st.lists(LETTER, max_size=6).map(lambda parts: "/" + "".join(parts))
PATTERN = st.builds(
    lambda start, parts, end: start + "".join(parts) + end,
    st.sampled_from(["/", "/", "/", "*", ""]),
    st.lists(st.one_of(LETTER, st.sampled_from(["*", "*", "$"])), max_size=5),
    st.sampled_from(["", "", "$", "*"]),
)
AGENT = st.sampled_from(["*", "GONERD", "gonerd", "other", "GONERD-x", "gonerd/2.0", "x"])
LINE = st.one_of(
    AGENT.map(lambda name: f"User-agent: {name}"),
    st.builds(lambda key, value: f"{key}: {value}", st.sampled_from(["Allow", "Disallow", "DISALLOW"]), PATTERN),
    st.builds(lambda key, value: f"{key}: {value}", st.sampled_from(["Allow", "Disallow"]), PATTERN),
    st.sampled_from(["", "# note", "Sitemap: https://example.org/s.xml", "Foo: bar", "Disallow:"]),
)
FILE = st.builds(
    lambda lines, end: end.join(lines), st.lists(LINE, max_size=10).map(lambda lines: ["User-agent: *", *lines]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)  # fmt: skip


@settings(max_examples=600)
@given(FILE, st.lists(PATH, min_size=1, max_size=5))
@example("User-agent: *\nDisallow: /a\nAllow: /*", ["/a"])
def test_decides_like_the_parser_of_google(text: str, paths: list[str]) -> None:
    """The port of the parser whose authors wrote RFC 9309, wherever the two do not differ on purpose.

    It wants its URLs encoded, which RFC 9309 leaves to the crawler.
    """
    rules = read_rules(200, text.encode())
    for path in paths:
        url = SITE + re.sub(r"[^!-~]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), path)
        theirs = RobotsMatcher().one_agent_allowed_by_robots(text, PRODUCT, url)
        assert (rules.refusal(SITE + path) is None) is theirs, (path, text)
        assert (rules.refusal(url) is None) is theirs


PLAIN_PATH = st.lists(st.sampled_from(["a", "b", "/", ".", "-", "é"]), max_size=6).map(
    lambda parts: "/" + "".join(parts)
)
PLAIN_FILE = st.lists(
    st.one_of(
        st.sampled_from(["*", "GONERD", "other"]).map(lambda name: f"User-agent: {name}"),
        st.builds(
            lambda key, path, end: f"{key}: {path}{end}",
            st.sampled_from(["Allow", "Disallow"]), PLAIN_PATH, st.sampled_from(["", "*", "*b", "/*/a"]),
        ),
    ),
    max_size=10,
).map(lambda lines: "\n".join(["User-agent: *", *lines]))  # fmt: skip


@settings(max_examples=300)
@given(PLAIN_FILE, st.lists(PLAIN_PATH, min_size=1, max_size=5))
def test_decides_like_protego_where_it_keeps_to_the_rfc(text: str, paths: list[str]) -> None:
    rules, theirs = read_rules(200, text.encode()), Protego.parse(text)
    for path in paths:
        assert (rules.refusal(SITE + path) is None) is theirs.can_fetch(SITE + path, PRODUCT), (path, text)


@pytest.mark.parametrize(
    ("text", "path", "ours"),
    [
        ("User-agent: GON\nDisallow: /", "/a", True),  # 2.2.1: the whole token
        ("User-agent: GONERD/2\nDisallow: /", "/a", False),
        ("User-agent: GONERD\nFoo: bar\nUser-agent: other\nDisallow: /", "/a", False),  # 2.2.4
        ("User-agent: *\nDisallow: /a%3Fb", "/a?b", True),  # 2.2.2: an encoded reserved character is another
        ("User-agent: *\nDisallow: /a?b=http://c", "/a?b=http%3A%2F%2Fc", False),  # 2.2.2, second row of the table
        ("User-agent: *\nDisallow: /a$", "/a$b", True),  # 2.2.3: the end, not itself
        ("User-agent: *\nDisallow: /\nAllow: /index.html", "/", False),  # 2.2.2: what is not matched is not allowed
        ("User-agent: *\nDisallow: /x\x0cAllow: /x", "/x\x0cAllow: /x", False),  # 2.2: EOL is CR and LF
    ],
)
def test_where_protego_departs_from_the_rfc(text: str, path: str, ours: bool) -> None:
    """One case for each difference that the docstring of `robots_file` names; when one fails, Protego has mended it."""
    assert allowed(text, SITE + path) is ours
    assert Protego.parse(text).can_fetch(SITE + path, PRODUCT) is not ours


@settings(max_examples=200)
@given(
    st.lists(
        st.builds("{}: /{}".format, st.sampled_from(["Allow", "Disallow"]), st.text("ab/", max_size=4)), max_size=6
    ),
    st.text("ab/", max_size=5),
)
def test_decides_like_robotspy_on_prefixes(lines: list[str], path: str) -> None:
    """It folds slashes and matches `*` as shells do, so it is asked about nothing but prefixes."""
    text = "\n".join(["User-agent: *", *(re.sub("//+", "/", line) for line in lines)])
    url = SITE + re.sub("//+", "/", "/" + path)
    assert allowed(text, url) is RobotsParser.from_string(text).can_fetch(PRODUCT, url)


@given(st.binary(max_size=200), st.text(max_size=30))
def test_reads_anything(body: bytes, path: str) -> None:
    read_rules(200, body).refusal(SITE + "/" + path)
    assert all(key == key.lower() for key, _ in records_for(body))
