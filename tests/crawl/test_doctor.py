from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gonerd.cli import main
from gonerd.crawl import doctor
from gonerd.crawl.doctor import check_source
from gonerd.crawl.fetch.settings import CrawlSettings
from gonerd.crawl.health import Health, table
from gonerd.crawl.sources import Discovery, Licence, Source
from gonerd.crawl.warc.read import DamagedWarc


def source_at(site: Any, **changes: Any) -> Source:
    values: dict[str, Any] = {
        "name": "port_sable", "title": "Port Sable Record", "domain": "news", "hosts": ("127.0.0.1",),
        "discovery": (Discovery("sitemap", site.base + "/sitemap.xml"),),
        "licence": Licence("CC0-1.0", site.base + "/terms"), "pages": r"http://[^/]+/news/\d+",
    }  # fmt: skip
    return Source(**{**values, **changes})


@pytest.fixture
def healthy(site: Any, make_article: Callable[..., bytes]) -> Any:
    pages = [site.page(f"/news/{n}", make_article(n)) for n in range(3)]
    site.page("/about", make_article(9))
    site.page("/terms", make_article(8))
    site.sitemap("/sitemap.xml", site.base + "/about", *pages)
    return site


def test_a_healthy_source_costs_few_requests(healthy: Any, tmp_path: Path) -> None:
    health = check_source(source_at(healthy), tmp_path, None, ("127.0.0.1",))
    assert (health.problem, health.listing, health.page, health.licence_page) == ("", "ok", "ok", "ok")
    assert health.url.endswith("/news/0")
    assert health.text > 200
    asked = healthy.count()
    assert {path for path in asked if path.startswith("/news/")} == {"/news/0"}
    assert asked["/about"] == 0
    assert "| port_sable | ok | ok |" in table([health], "2026-01-01")


def test_what_is_ill_is_named(healthy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = source_at(healthy, discovery=(Discovery("feed", healthy.base + "/gone.xml"),))
    assert "http-404" in check_source(gone, tmp_path / "a", None, ("127.0.0.1",)).problem
    unproven = source_at(healthy, licence=Licence("CC0-1.0", healthy.base + "/no-terms"))
    assert "licence: http-404" in check_source(unproven, tmp_path / "b", None, ("127.0.0.1",)).problem
    monkeypatch.delenv("PORT_SABLE_KEY", raising=False)
    keyed = source_at(healthy, token="PORT_SABLE_KEY")
    assert "PORT_SABLE_KEY" in check_source(keyed, tmp_path / "c", None, ("127.0.0.1",)).problem


def test_a_key_is_sent_and_never_stored(
    healthy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_warc: Callable[[Path], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("PORT_SABLE_KEY", "s3cret")
    check_source(source_at(healthy, token="PORT_SABLE_KEY"), tmp_path, None, ("127.0.0.1",))
    sent = {path: headers.get("Authorization") for path, headers in healthy.asked}
    assert sent["/sitemap.xml"] == sent["/news/0"] == "Token s3cret"
    assert sent["/robots.txt"] is None
    assert sent["/terms"] is None
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    records = [record for folder in {path.parent for path in files} for record in read_warc(folder)]
    assert records
    assert not any(b"s3cret" in path.read_bytes() for path in files)
    assert not any("s3cret" in str(record) for record in records)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["no_such_source"], "unknown source"),
        (["voa"], "--contact MAIL"),
        (["voa", "--contact", "nobody"], "not a mail address"),
    ],
)
def test_the_command_needs_a_source_and_a_contact(
    words: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_crawl", lambda *_: pytest.fail("nothing may be asked"))
    assert main(["crawl", "doctor", *words, "--out", str(tmp_path / "d")]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("evidence", "delay", "expected"),
    [
        ("https://8.8.8.8/terms", 20.0, 20.0),
        ("https://8.8.8.8/terms", 0.0, 1.0),
        ("http://127.0.0.1/terms", 20.0, None),
    ],
)
def test_the_licence_is_asked_for_at_the_pace_of_the_source(
    evidence: str, delay: float, expected: float | None, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CrawlSettings] = []
    monkeypatch.setattr(doctor, "_crawl", lambda source, settings: asked.append(settings) or "")
    check_source(
        source_at(site, licence=Licence("CC0-1.0", evidence), delay=delay), tmp_path, "a@b.org", ("127.0.0.1",)
    )
    assert [one.delay for one in asked] == [None, expected]


def test_an_earlier_run_is_not_reported(healthy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_source(source_at(healthy), tmp_path, None, ("127.0.0.1",)).problem == ""
    monkeypatch.setattr(doctor, "_crawl", lambda *_: "the crawl ended with exit code -9")
    later = check_source(source_at(healthy), tmp_path, None, ("127.0.0.1",))
    assert (later.problem, later.url, later.listed) == ("the crawl ended with exit code -9", "", 0)
    assert later.licence_page == "the crawl ended with exit code -9"


def test_a_damaged_file_ends_one_check_alone(healthy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: Any) -> Any:
        raise DamagedWarc("x.warc.gz", 0, 0, "cut short")

    monkeypatch.setattr(doctor, "read_pages", damaged)
    assert "cut short" in check_source(source_at(healthy), tmp_path, None, ("127.0.0.1",)).problem


def test_the_table_is_written_with_its_date() -> None:
    text = table([Health(source="a", checked="2026-01-01T00:00:00", problem="x | y")], "2026-01-01")
    assert "on 2026-01-01" in text
    assert "x \\| y" in text
    assert json.loads(Health(source="a", checked="").model_dump_json())["source"] == "a"
