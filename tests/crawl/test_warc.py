from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gonerd.crawl.fetch.recover import recover
from gonerd.crawl.fetch.store import Store
from gonerd.crawl.warc.capture import Capture
from gonerd.crawl.warc.exchange import Exchange, Message, Original
from gonerd.crawl.warc.fields import LISTED, ROLE
from gonerd.crawl.warc.heal import heal
from gonerd.crawl.warc.http_record import http_headers, status_of
from gonerd.crawl.warc.read import DamagedWarc, count_records, read_records
from gonerd.crawl.warc.write import WarcStore

BODY = "Größe".encode("latin-1") * 40
REQUEST = Message("GET /a HTTP/1.1", [("Host", "example.org")], b"")


def answer(status: str = "200 OK", body: bytes = BODY, **headers: str) -> Message:
    return Message(f"HTTP/1.1 {status}", [*headers.items(), ("Content-Length", str(len(body)))], body)


def put(store: WarcStore, url: str, response: Message, **more: Any) -> Capture:
    return store.write(Exchange(url, REQUEST, response, int(response.start.split()[1]), **more))


def filled(folder: Path, pages: int, *, close: bool) -> WarcStore:
    store = WarcStore(folder, {"software": "test", "domain": "news", "empty": ""}, max_bytes=1 << 30)
    for n in range(pages):
        url = f"https://example.org/{n}"
        put(store, url, answer(body=BODY + bytes([n])), extra={ROLE: "page", LISTED: url}, notes={"fetchTimeMs": "7"})
    if close:
        store.close()
    return store


class HalfWritten:
    """A file on a disk that is full after half of what is written."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def write(self, data: bytes) -> None:
        self.handle.write(data[: len(data) // 2])
        self.handle.flush()
        raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handle, name)


def count_responses(folder: Path) -> int:
    store = Store(folder.parent)
    store.run("DELETE FROM captures")
    try:
        return recover(store, folder)
    finally:
        store.close()


def test_what_is_written_is_what_a_library_reads(
    tmp_path: Path, read_warc: Callable[[Path], list[dict[str, Any]]]
) -> None:
    store = filled(tmp_path, 2, close=True)
    info, *records = read_warc(tmp_path)
    assert info["type"] == "warcinfo"
    assert info["raw"] == b"software: test\r\ndomain: news\r\n"
    assert [r["type"] for r in records] == ["response", "request", "metadata"] * 2
    for response, request, notes in zip(records[::3], records[1::3], records[2::3], strict=True):
        assert request["headers"]["WARC-Concurrent-To"] == notes["headers"]["WARC-Concurrent-To"] == response["id"]
        assert request["headers"]["WARC-Date"] == notes["headers"]["WARC-Date"] == response["headers"]["WARC-Date"]
        assert notes["raw"] == b"fetchTimeMs: 7\r\n"
        assert request["http"].statusline == "/a HTTP/1.1"
        assert response["http"].get_statuscode() == "200"
    assert [r["raw"] for r in records[::3]] == [BODY + b"\x00", BODY + b"\x01"]
    assert store.bytes > 0
    assert not list(tmp_path.glob("*.open"))


def test_an_unfinished_file_does_not_bear_its_final_name(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, close=False)
    assert [path.name for path in tmp_path.iterdir()] == ["crawl-00000.warc.gz.open"]
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["crawl-00000.warc.gz"]


def test_a_full_disk_leaves_a_file_that_the_next_run_mends(tmp_path: Path) -> None:
    store = filled(tmp_path, 2, close=False)
    sound = (tmp_path / "crawl-00000.warc.gz.open").stat().st_size

    store._handle = HalfWritten(store._handle)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space"):
        put(store, "https://example.org/x", answer())
    store.close()
    assert [path.name for path in heal(tmp_path)] == ["crawl-00000.warc.gz"]
    assert (tmp_path / "crawl-00000.warc.gz").stat().st_size == sound


def test_a_new_file_is_begun_when_one_is_full(tmp_path: Path) -> None:
    store = WarcStore(tmp_path, {"software": "test"}, max_bytes=1)
    for _ in range(2):
        put(store, "https://example.org/", answer())
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl-00000.warc.gz", "crawl-00001.warc.gz"]


def test_a_file_cut_anywhere_keeps_exactly_its_whole_pairs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    filled(tmp_path / "a", 3, close=True)
    whole = (tmp_path / "a" / "crawl-00000.warc.gz").read_bytes()
    starts = [i for i in range(len(whole)) if whole[i : i + 3] == b"\x1f\x8b\x08"]
    starts.append(len(whole))  # after the warcinfo record come response, request, metadata, response, ...
    pair_ends = starts[3::3]
    sound_ends = sorted([*pair_ends, *starts[4::3]])
    folder = tmp_path / "b"
    for cut in range(0, len(whole) + 1, 7):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "crawl-00000.warc.gz.open").write_bytes(whole[:cut])
        heal(folder)
        expected = max((end for end in sound_ends if end <= cut), default=0)
        found = list(folder.iterdir())
        assert [path.stat().st_size for path in found] == ([expected] if expected else [])
        assert count_responses(folder) == sum(end <= cut for end in pair_ends)


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


def test_what_has_not_changed_is_a_revisit(tmp_path: Path, read_warc: Callable[[Path], list[dict[str, Any]]]) -> None:
    store = WarcStore(tmp_path, {"software": "test"}, max_bytes=1 << 30)
    url = "https://example.org/a"
    first = put(store, url, answer())
    original = Original(url, first.date, first.digest)
    same = put(store, url, answer(), original=original)
    other = put(store, url, answer(body=b"changed"), original=original)
    confirmed = put(store, url, answer("304 Not Modified", b""), original=original)
    store.close()
    records = [r for r in read_warc(tmp_path) if r["type"] in ("response", "revisit")]
    assert [r["type"] for r in records] == ["response", "revisit", "response", "revisit"]
    profiles = [r["headers"].get("WARC-Profile", "").rpartition("/")[2] for r in records]
    assert profiles == ["", "identical-payload-digest", "", "server-not-modified"]
    for record in (records[1], records[3]):
        assert record["headers"]["WARC-Refers-To-Target-URI"] == url
        assert record["headers"]["WARC-Refers-To-Date"] == first.date
        assert record["headers"]["WARC-Payload-Digest"] == first.digest
        assert record["raw"] == b""
    assert [c.mime == "warc/revisit" for c in (first, same, other, confirmed)] == [False, True, False, True]
    assert other.digest != first.digest


def test_what_follows_a_known_response_is_kept(tmp_path: Path) -> None:
    """The store knows where a response ends; its request and metadata, and what came after, stand behind that."""
    whole = filled(tmp_path, 2, close=False)
    whole.note("https://example.org/reserved", {"opt-out": "noai"}, {})
    whole.close()
    path = tmp_path / "crawl-00000.warc.gz"
    content = path.read_bytes()
    starts = [i for i in range(len(content)) if content[i : i + 3] == b"\x1f\x8b\x08"]
    for known, cut in ((starts[2], 0), (starts[5], 0), (starts[2], 5), (starts[5], 5)):
        opened = tmp_path / "crawl-00000.warc.gz.open"
        opened.write_bytes(content + content[:cut])
        assert [one.name for one in heal(tmp_path, lambda name, known=known: known)] == [path.name]  # type: ignore[misc]
        assert path.read_bytes() == content
