from __future__ import annotations

import pytest

from gonerd.crawl.fetch.robots_rules import read_rules

PAGE = "https://example.org/a/b"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
def test_no_file_means_no_rules(status: int) -> None:
    assert read_rules(status, b"User-agent: *\nDisallow: /").refusal(PAGE) is None


@pytest.mark.parametrize("status", [500, 502, 503, 301, 304])
def test_a_server_that_cannot_say_forbids_everything(status: int) -> None:
    assert str(status) in (read_rules(status, b"").refusal(PAGE) or "")


def test_rules() -> None:
    rules = read_rules(200, b"\xef\xbb\xbfUser-agent: *\nDisallow: /a\nAllow: /a/b$\n")
    assert rules.refusal(PAGE) is None
    assert "/a/c" in (rules.refusal("https://example.org/a/c") or "")
    assert rules.delay == 0


def test_our_name_is_heard() -> None:
    rules = read_rules(200, b"User-agent: *\nAllow: /\n\nUser-agent: GONERD\nDisallow: /\n")
    assert rules.refusal(PAGE)


def test_crawl_delay_and_request_rate() -> None:
    assert read_rules(200, b"User-agent: *\nCrawl-delay: 7\n").delay == 7
    assert read_rules(200, b"User-agent: *\nRequest-rate: 1/20\n").delay == 20
    assert "86400 seconds" in (read_rules(200, b"User-agent: *\nCrawl-delay: 86400\n").refusal(PAGE) or "")
