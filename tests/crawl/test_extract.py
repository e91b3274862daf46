from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from gonerd.cli import main
from gonerd.crawl.cli import app
from gonerd.crawl.dedup.settle import NEAR
from gonerd.crawl.extraction.addresses import document_id
from gonerd.crawl.extraction.run import extract
from gonerd.errors import GonerdError
from gonerd.io import read_documents
from gonerd.records import Rejected
from gonerd.tables import read_table

URL = "https://example.org"


@pytest.fixture
def mixed(tmp_path: Path, warc_record: Any, warc_page: Any, make_article: Any) -> Path:
    """A file of our own kind, written by hand."""
    folder = tmp_path / "w"
    folder.mkdir()
    short = b"<html><body><article><p>Too short.</p><p>Far too short to be of use.</p></article></body></html>"
    canonical = '<link rel="canonical" href="https://example.org/1">'
    records = [
        warc_record("warcinfo", None, b"software: test\r\ndomain: legal\r\nsource: The Gazette\r\n"),
        warc_page(f"{URL}/robots.txt", b"User-agent: *", 1, kind="text/plain", GONERD_Role="robots"),
        warc_page(f"{URL}/map.xml", b"<urlset/>", 2, kind="text/xml", GONERD_Role="listing"),
        warc_page(f"{URL}/1", make_article(1), 3, GONERD_Role="page"),
        warc_record("request", f"{URL}/1", b"GET /1 HTTP/1.1\r\n\r\n", 4),
        warc_page(f"{URL}/old", b"", 5, status=301, GONERD_Role="page"),
        warc_page(f"{URL}/gone", make_article(9), 6, status=404, GONERD_Role="page"),
        warc_page(f"{URL}/pdf", b"%PDF", 7, kind="application/pdf", GONERD_Role="page"),
        warc_page(f"{URL}/short", short, 8, GONERD_Role="page"),
        warc_page(f"{URL}/1?utm=2", make_article(2, canonical.replace("/1", "/1")), 9, GONERD_Role="page"),
        warc_page(f"{URL}/copy", make_article(1), 10, GONERD_Role="page"),
        warc_page(f"{URL}/3", make_article(3), 11, GONERD_Role="page"),
    ]
    (folder / "crawl-00000.warc.gz").write_bytes(b"".join(map(gzip.compress, records)))
    return folder


def test_every_page_is_kept_or_rejected(mixed: Path, tmp_path: Path) -> None:
    done = extract(mixed, tmp_path / "d")
    assert done.pages == 7
    assert done.kept == 2
    assert done.rejected == {
        "duplicate-address": 1,
        "duplicate-text": 1,
        "http-404": 1,
        "pdf-damaged": 1,
        "too-short": 1,
    }
    assert done.pages == done.kept + sum(done.rejected.values())
    assert done.not_a_page == 3
    documents = list(read_documents(tmp_path / "d"))
    # Of equal texts the smallest id is kept where licence, length and day are the same too.
    copy = min(f"{URL}/1", f"{URL}/copy", key=document_id)
    assert [d.url for d in documents] == [copy, f"{URL}/3"]
    assert {(d.domain, d.source) for d in documents} == {("legal", "The Gazette")}
    record = {f"{URL}/1": 3, f"{URL}/copy": 10}[copy]
    assert documents[0].warc_record_id == f"<urn:uuid:00000000-0000-4000-8000-{record:012d}>"
    assert documents[0].warc_file == "crawl-00000.warc.gz"
    assert str(documents[0].fetched) == "2025-03-01 10:00:00+00:00"
    rejected = list(read_table(tmp_path / "d" / "rejected", Rejected))
    assert len(rejected) == 5
    assert all(item.stage == "extract" for item in rejected)
    written = json.loads((tmp_path / "d" / "extract.json").read_text())
    assert written["rejected"] == done.rejected
    assert written["versions"]["gonerd"]


def test_extraction_is_repeatable(mixed: Path, tmp_path: Path) -> None:
    first = extract(mixed, tmp_path / "d") and list(read_documents(tmp_path / "d"))
    assert extract(mixed, tmp_path / "d") and list(read_documents(tmp_path / "d")) == first


def test_a_limit_counts_pages(mixed: Path, tmp_path: Path) -> None:
    done = extract(mixed, tmp_path / "d", limit=2)
    assert (done.pages, done.kept, done.rejected) == (2, 1, {"http-404": 1})


def test_files_of_others(tmp_path: Path, warc_record: Any, warc_page: Any, make_article: Any) -> None:
    packed = gzip.compress(make_article(3))
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    records = [
        warc_record("warcinfo", None, b"software: other\r\ndomain: nonsense\r\n"),
        warc_record("dns", "dns:example.org", b"1.2.3.4"),
        warc_page(f"{URL}/robots.txt", b"<html>not really</html>", 1),
        warc_page(f"{URL}/1", make_article(1), 2),
        warc_page(f"{URL}/img", b"\x89PNG", 3, kind="image/png"),
        warc_page(f"{URL}/gone", make_article(2), 4, status=404),
        warc_record("response", f"{URL}/3", chunked, 5),
        warc_record("response", "ftp://example.org/x", b"no http", 6),
    ]
    path = tmp_path / "other.warc"
    path.write_bytes(b"".join(records))
    done = extract(path, tmp_path / "d")
    assert (done.pages, done.kept, done.not_a_page) == (2, 2, 4)
    assert [(d.url, d.source, d.domain) for d in read_documents(tmp_path / "d")] == [
        (f"{URL}/1", "example.org", "other"),
        (f"{URL}/3", "example.org", "other"),
    ]


def test_a_damaged_file(mixed: Path, tmp_path: Path) -> None:
    path = mixed / "crawl-00000.warc.gz"
    whole = path.read_bytes()
    last = whole.rindex(b"\x1f\x8b\x08")
    path.write_bytes(whole[:-5])
    with pytest.raises(GonerdError) as caught:
        extract(mixed, tmp_path / "d")
    for part in (str(path), f"byte {last}", "after 11 complete records", "--keep-complete", "crawl command again"):
        assert part in str(caught.value)
    assert not (tmp_path / "d").exists()
    done = extract(mixed, tmp_path / "d", keep_complete=True)
    assert (done.pages, done.kept) == (6, 1)
    assert [(one.file, one.offset, one.complete_records) for one in done.damaged] == [(path.name, last, 11)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (None, b"", "holds no"),
        ("x.warc.gz", b"nothing of the kind", "at byte 0, after 0 complete records"),
        ("x.warc.gz", b"", "no page among 0 responses"),
        ("crawl-00000.warc.gz.open", b"", "was not finished; run the same crawl command again"),
    ],
)
def test_what_cannot_be_extracted(tmp_path: Path, name: str | None, content: bytes, why: str) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    if name:
        (folder / name).write_bytes(content)
    with pytest.raises(GonerdError, match=why):
        extract(folder, tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(GonerdError, match="none"):
        extract(tmp_path / "none", tmp_path / "d")


def test_foreign_folders_are_not_overwritten(mixed: Path, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.tex").write_text("years of work")
    with pytest.raises(GonerdError, match="choose another --out"):
        extract(mixed, tmp_path / "d")
    assert (tmp_path / "d" / "thesis.tex").exists()


def test_a_line_on_the_command_line(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["crawl", "extract", str(mixed), "--out", str(tmp_path / "d")]) == 0
    assert "7 pages = 2 documents + 5 rejected" in capsys.readouterr().out


def test_the_doors_on_the_command_line(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], make_article: Any, warc_page: Any
) -> None:
    """Folders, files and lists at once; what names nothing, or a host that is none, is said."""
    (tmp_path / "x.warc").write_bytes(warc_page("https://news.example.com/5", make_article(5)))
    (tmp_path / "hosts.txt").write_text("# mine\nexample.com\n")
    (tmp_path / "list.paths").write_text(f"{tmp_path / 'x.warc'}\n")
    words = ["crawl", "extract", "--out", str(tmp_path / "d")]
    both = [str(mixed), "--warc", str(tmp_path / "list.paths"), "--warc", str(tmp_path / "x.warc")]
    assert main([*words, *both, "--near", "0"]) == 0
    assert "8 pages = 3 documents + 5 rejected" in capsys.readouterr().out
    hosts = ["--hosts", str(tmp_path / "hosts.txt"), "--domain", "news", "--source", "Example"]
    assert main([*words, *both, *hosts, "--workers", "2"]) == 0
    assert "8 pages = 1 documents + 7 rejected (other-host: 7)" in capsys.readouterr().out
    assert [(d.url, d.domain, d.source) for d in read_documents(tmp_path / "d")] == [
        ("https://news.example.com/5", "news", "Example")
    ]
    for wrong, said in (
        ([], "name a folder of WARC files"),
        ([*both, "--host", "https://example.com"], "give a host name alone"),
        ([*both, "--hosts", str(tmp_path / "none.txt")], "none.txt: cannot be read"),
        ([*both, "--domain", "sport"], "--domain 'sport'"),
    ):
        assert main([*words, *wrong]) == 2
        assert said in capsys.readouterr().err


def test_the_default_threshold_is_the_one_that_was_measured() -> None:
    command = typer.main.get_command(app).commands["extract"]
    assert {param.name: param.default for param in command.params}["near"] == NEAR


def test_ids_are_the_same_from_any_port(tmp_path: Path, warc_page: Callable[..., bytes], make_article: Any) -> None:
    found = []
    for port in (8001, 8002):
        path = tmp_path / f"{port}.warc"
        path.write_bytes(warc_page(f"http://127.0.0.1:{port}/a", make_article(1)))
        extract(path, tmp_path / f"d{port}")
        found += [document.id for document in read_documents(tmp_path / f"d{port}")]
    assert len(set(found)) == 1
