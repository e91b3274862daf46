from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gonerd.crawl.fetch.seen import SeenPages
from gonerd.crawl.warc.fields import LISTED, ROLE
from gonerd.crawl.warc.heal import heal
from gonerd.crawl.warc.http_record import http_headers, status_of
from gonerd.crawl.warc.read import DamagedWarc, count_records, read_records
from gonerd.crawl.warc.write import Message, WarcStore
from gonerd.errors import GonerdError

BODY = "Größe".encode("latin-1") * 40
REQUEST = Message("GET /a HTTP/1.1", [("Host", "example.org")], b"")


def answer(status: str = "200 OK", body: bytes = BODY, **headers: str) -> Message:
    return Message(f"HTTP/1.1 {status}", [*headers.items(), ("Content-Length", str(len(body)))], body)


def filled(folder: Path, pages: int, *, close: bool) -> WarcStore:
    store = WarcStore(folder, {"software": "test", "domain": "news", "empty": ""}, max_bytes=1 << 30)
    for n in range(pages):
        url = f"https://example.org/{n}"
        store.write(url, REQUEST, answer(body=BODY + bytes([n])), {ROLE: "page", LISTED: url})
    if close:
        store.close()
    return store


def test_what_is_written_is_what_a_library_reads(
    tmp_path: Path, read_warc: Callable[[Path], list[dict[str, Any]]]
) -> None:
    store = filled(tmp_path, 2, close=True)
    info, *records = read_warc(tmp_path)
    assert info["type"] == "warcinfo"
    assert info["raw"] == b"software: test\r\ndomain: news\r\n"
    assert [r["type"] for r in records] == ["response", "request"] * 2
    for response, request in zip(records[::2], records[1::2], strict=True):
        assert request["headers"]["WARC-Concurrent-To"] == response["id"]
        assert request["http"].statusline == "/a HTTP/1.1"
        assert response["http"].get_statuscode() == "200"
    assert [r["raw"] for r in records[::2]] == [BODY + b"\x00", BODY + b"\x01"]
    assert store.bytes > 0
    assert not list(tmp_path.glob("*.open"))


def test_an_unfinished_file_does_not_bear_its_final_name(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, close=False)
    assert [path.name for path in tmp_path.iterdir()] == ["crawl-00000.warc.gz.open"]
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["crawl-00000.warc.gz"]


def test_a_full_disk_leaves_a_file_that_the_next_run_mends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path, 2, close=False)
    sound = (tmp_path / "crawl-00000.warc.gz.open").stat().st_size

    def full(request: object, response: object, params: object = None) -> None:
        store._handle.write(b"half a record")  # type: ignore[union-attr]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store._writer, "write_request_response_pair", full)
    with pytest.raises(OSError, match="No space"):
        store.write("https://example.org/x", REQUEST, answer(), {})
    store.close()
    assert [path.name for path in heal(tmp_path)] == ["crawl-00000.warc.gz"]
    assert (tmp_path / "crawl-00000.warc.gz").stat().st_size == sound


def test_a_new_file_is_begun_when_one_is_full(tmp_path: Path) -> None:
    store = WarcStore(tmp_path, {"software": "test"}, max_bytes=1)
    for _ in range(2):
        store.write("https://example.org/", REQUEST, answer(), {})
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl-00000.warc.gz", "crawl-00001.warc.gz"]


def test_a_file_cut_anywhere_keeps_exactly_its_whole_pairs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    filled(tmp_path / "a", 3, close=True)
    whole = (tmp_path / "a" / "crawl-00000.warc.gz").read_bytes()
    starts = [i for i in range(len(whole)) if whole[i : i + 3] == b"\x1f\x8b\x08"]
    pair_ends = [*starts[3::2], len(whole)]  # after the warcinfo record come response, request, response, ...
    folder = tmp_path / "b"
    for cut in range(0, len(whole) + 1, 7):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "crawl-00000.warc.gz.open").write_bytes(whole[:cut])
        heal(folder)
        expected = max((end for end in pair_ends if end <= cut), default=0)
        found = list(folder.iterdir())
        assert [path.stat().st_size for path in found] == ([expected] if expected else [])
        assert len(SeenPages(folder)._listed) == sum(end <= cut for end in pair_ends)


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_damage_is_found_at_its_place(
    tmp_path: Path, warc_page: Callable[..., bytes], pack: Callable[[bytes], bytes]
) -> None:
    records = [pack(warc_page(f"https://example.org/{n}", bytes(range(256)) * 8, n)) for n in range(3)]
    path = tmp_path / "x.warc"
    first = len(records[0])
    cuts = [first + 1, first + 40, first + len(records[1]) - 9] + (
        [first + len(records[1]) - 1] if pack is not bytes else []
    )
    for cut in cuts:
        path.write_bytes(b"".join(records)[:cut])
        with pytest.raises(DamagedWarc) as caught:
            count_records(path)
        assert (caught.value.offset, caught.value.records) == (first, 1)
        assert "x.warc" in str(caught.value)
        assert f"byte {first}" in str(caught.value)
        assert len(list(read_records(path, 1))) == 1
    path.write_bytes(b"".join(records))
    assert count_records(path) == 3


def test_a_flipped_bit_is_found(tmp_path: Path, warc_page: Callable[..., bytes]) -> None:
    packed = [gzip.compress(warc_page(f"https://example.org/{n}", bytes(range(256)) * 30, n)) for n in range(3)]
    torn = bytearray(packed[1])
    torn[-6] ^= 1  # within the checksum, which nothing but a full reading notices
    path = tmp_path / "x.warc.gz"
    path.write_bytes(packed[0] + torn + packed[2])
    with pytest.raises(DamagedWarc) as caught:
        count_records(path)
    assert (caught.value.offset, caught.value.records) == (len(packed[0]), 1)


def test_a_whole_file_in_one_gzip_member_can_be_read(tmp_path: Path, warc_page: Callable[..., bytes]) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gzip.compress(b"".join(warc_page(f"https://example.org/{n}", b"hello", n) for n in range(3))))
    assert [status_of(http_headers(record)) for _, record in read_records(path)] == [200] * 3


@pytest.mark.parametrize(
    "content", [b"just text\n", b"\x1f\x8b", gzip.compress(b"no record", mtime=0), b"WARC/1.1\r\n\r\n"]
)
def test_what_is_no_warc_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(content)
    with pytest.raises(DamagedWarc, match="at byte 0, after 0 complete records"):
        count_records(path)


def test_seen_pages(tmp_path: Path) -> None:
    store = WarcStore(tmp_path, {"software": "test"}, max_bytes=1 << 30)

    def put(listed: str, url: str, status: str, role: str = "page", **headers: str) -> None:
        store.write(
            f"https://example.org{url}",
            REQUEST,
            answer(status, **headers),
            {ROLE: role, LISTED: f"https://example.org{listed}"},
        )

    put("/ok", "/ok", "200 OK")
    put("/old", "/old", "301 Moved", Location="/new")
    put("/old", "/new", "200 OK")
    put("/also", "/also", "302 Found", Location="/new")
    put("/lost", "/lost", "302 Found", Location="/never-reached")
    put("/gone", "/gone", "404 Not Found")
    put("/busy", "/busy", "503 Busy")
    put("/slow", "/slow", "429 Slow Down")
    put("/map", "/map", "200 OK", role="listing")
    store.close()
    seen = SeenPages(tmp_path)
    outcome = {path: (seen.outcome(f"https://example.org{path}") or ("",))[0] for path in
               ("/ok", "/old", "/new", "/also", "/lost", "/gone", "/busy", "/slow", "/map", "/unknown")}  # fmt: skip
    assert outcome == {
        "/ok": "already", "/old": "already", "/new": "duplicate", "/also": "duplicate", "/lost": "",
        "/gone": "http-404", "/busy": "", "/slow": "", "/map": "", "/unknown": "",
    }  # fmt: skip
    assert seen.outcome("https://EXAMPLE.org/ok#part") == ("already", "")


def test_a_damaged_finished_file_stops_a_crawl(tmp_path: Path) -> None:
    filled(tmp_path, 1, close=True)
    path = tmp_path / "crawl-00000.warc.gz"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(GonerdError, match="move the file away"):
        SeenPages(tmp_path)
