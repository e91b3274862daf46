from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from surt import surt as judge
from warcio.indexer import Indexer

from gonerd.crawl.warc import cdxj
from gonerd.crawl.warc.cdxj import cdxj_line, index_warc, write_index
from gonerd.crawl.warc.exchange import Exchange, Message
from gonerd.crawl.warc.read import DamagedWarc
from gonerd.crawl.warc.surt import surt
from gonerd.crawl.warc.write import WarcStore

SESSION = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.example.org/B?y=2&x=1", "org,example)/b?x=1&y=2"),
        ("http://example.org", "org,example)/"),
        ("http://example.org?", "org,example)/"),
        ("http://Example.ORG.:80/A/#part", "org,example)/a"),
        ("https://example.org:443/", "org,example)/"),
        ("http://example.org:443/", "org,example:443)/"),
        ("http://user:pw@www12.example.org:8080/a", "org,example:8080)/a"),
        ("http://example.org/a/../b//c/./", "org,example)/b/c"),
        ("http://example.org/a%2541%2Fb", "org,example)/aa/b"),
        ("http://example.org/x%", "org,example)/x%25"),
        ("http://example.org/caf%C3%A9?q=caf\u00e9", "org,example)/caf%c3%a9?q=caf%c3%a9"),
        ("http://b\u00fccher.example/", "example,xn--bcher-kva)/"),
        ("http://127.0.0.1:8000/", "1,0,0,127:8000)/"),
        ("http://127.1/", "1,0,0,127)/"),
        ("http://3232235777/", "1,1,168,192)/"),
        ("http://[::1]/x", "::1)/x"),
        ("http://example.org/?b&a=&a&=c", "org,example)/?=c&a&a=&b"),
        (f"http://example.org/?sid={SESSION}&x=1", "org,example)/?x=1"),
        (f"http://example.org/p?PHPSESSID={SESSION}", "org,example)/p"),
        ("http://example.org/p?cfid=1&cftoken=2&x=3", "org,example)/p?x=3"),
        ("http://example.org/(a(0123456789abcdef01234567))/x.aspx", "org,example)/x.aspx"),
        ("urn:uuid:00000000-0000-4000-8000-000000000001", "urn:uuid:00000000-0000-4000-8000-000000000001"),
        ("dns:example.org", "dns:example.org"),
    ],
)
def test_keys(url: str, key: str) -> None:
    assert surt(url) == key == judge(url)


PIECE = st.sampled_from([
    "a", "B", "/", "/", "..", ".", "//", "?", "&", "=", "%41", "%2f", "%2F", "%25", "%3F", "%e9", "%", "é", "ツ", " ",
    ";", "+", "~", '"', "<", "www.", "sid=" + SESSION, "jsessionid=" + SESSION, "cfid=1&cftoken=2", ".aspx",
    "(0123456789abcdef01234567)",
])  # fmt: skip
HOST = st.sampled_from([
    "example.org", "www.example.org", "WWW3.Example.Org", "www.com", "a.b.c.example.org.", "127.0.0.1", "10.1",
    "167772161", "xn--bcher-kva.example", "bücher.example", "a_b.example", "localhost",
])  # fmt: skip


@settings(max_examples=800)
@given(
    st.sampled_from(["http", "https", "HTTP"]), HOST, st.sampled_from(["", ":80", ":443", ":8080"]),
    st.lists(PIECE, max_size=10).map("".join), st.sampled_from(["", "#part"]),
)  # fmt: skip
@example("http", "example.org", "", "/x?&", "")
def test_keys_are_those_of_the_wayback_machine(scheme: str, host: str, port: str, rest: str, part: str) -> None:
    # Ports with no path: the package takes the scheme's name as it is written.
    url = f"{scheme.lower()}://{host}{port}/{rest}{part}"
    assume(" " not in rest[-1:])
    assert surt(url) == judge(url)


@given(st.text(max_size=40))
def test_anything_has_a_key(rest: str) -> None:
    for url in (rest, "http://" + rest, "http://example.org/" + rest):
        surt(url).encode("utf-8", errors="surrogatepass")


ORG = "https://www.example.org"


@pytest.fixture
def warc(tmp_path: Path, warc_record: Callable[..., bytes]) -> Path:
    """A file of our own writing, and behind it the kinds of records that other crawlers write."""
    store = WarcStore(tmp_path, {"software": "test"}, max_bytes=1 << 30)
    for n, (status, kind) in enumerate(
        [("200 OK", "text/html; charset=utf-8"), ("301 Moved", "Text/HTML"), ("404 X", "")]
    ):
        head = [("Content-Type", kind)] * bool(kind) + [("Content-Length", "3")]
        asked = Message(f"GET /{n} HTTP/1.1", [("Host", "www.example.org")], b"")
        answer = Message(f"HTTP/1.1 {status}", head, b"abc")
        store.write(Exchange(f"{ORG}/{n}?b=1&a=2", asked, answer, int(status[:3])))
    store.close()
    path = tmp_path / "crawl-00000.warc.gz"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc"
    others = [
        warc_record("response", ORG + "/no-digest", answer, 1),
        warc_record("revisit", ORG + "/again", answer[:-3], 2, WARC_Payload_Digest="sha1:AAAA"),
        warc_record("resource", ORG + "/file.pdf", b"%PDF", 3, Content_Type="application/pdf"),
        warc_record("metadata", ORG + "/0", b"via: x", 4, Content_Type="application/warc-fields"),
        warc_record("metadata", ORG + "/0", b"{}", 5, Content_Type="application/json"),
        warc_record("warcinfo", None, b"software: x", 6, Content_Type="application/warc-fields"),
    ]
    with path.open("ab") as handle:
        handle.writelines(gzip.compress(record) for record in others)
    return path


def parsed(line: str) -> dict[str, str]:
    key, moment, fields = line.split(" ", 2)
    return {"key": key, "moment": moment, **json.loads(fields)}


def test_an_index_says_where_each_capture_lies(warc: Path) -> None:
    lines = [parsed(line) for line in index_warc(warc)]
    assert [line["url"].removeprefix(ORG) for line in lines] == [
        "/0?b=1&a=2", "/1?b=1&a=2", "/2?b=1&a=2", "/no-digest", "/again", "/file.pdf", "/0",
    ]  # fmt: skip
    assert lines[0]["key"] == "org,example)/0?a=2&b=1"
    assert [line.get("status") for line in lines] == ["200", "301", "404", "200", "200", None, None]
    assert [line.get("mime") for line in lines] == [
        "text/html", "Text/HTML", None, "text/plain", "warc/revisit", "application/pdf", "application/json",
    ]  # fmt: skip
    assert all(len(line["moment"]) == 14 and line["filename"] == warc.name for line in lines)
    out = io.StringIO()
    # The tool that comes with the library, an index by offsets, as the judge.
    names = ["offset", "length", "warc-type", "warc-target-uri", "warc-payload-digest"]
    indexer = Indexer(names, [], None)
    with warc.open("rb") as handle:
        indexer.process_one(handle, out, warc.name)
    theirs = [row for row in map(json.loads, out.getvalue().splitlines())]
    where = {(row["offset"], row["length"]): row for row in theirs}
    for line in lines:
        row = where[line["offset"], line["length"]]
        assert row["warc-target-uri"] == line["url"]
        assert row.get("warc-payload-digest", line.get("digest")) == line.get("digest")
    assert lines[3]["digest"] == lines[0]["digest"]  # of the same three octets, once stated and once computed


@pytest.fixture
def cdxj_indexer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The indexer of Webrecorder, without what it needs to read the bodies of POST requests."""
    for name, thing in (("multipart", "MultipartParser"), ("cdxj_indexer.amf", "amf_parse")):
        stand_in = ModuleType(name)
        setattr(stand_in, thing, None)
        monkeypatch.setitem(sys.modules, name, stand_in)
    yield pytest.importorskip("cdxj_indexer.main")
    for name in [name for name in sys.modules if name.partition(".")[0] == "cdxj_indexer"]:
        with suppress(KeyError):
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves a temporary file open
def test_an_index_is_that_of_webrecorder(warc: Path, tmp_path: Path, cdxj_indexer: Any) -> None:
    theirs, ours = tmp_path / "theirs.cdxj", tmp_path / "ours.cdxj"
    cdxj_indexer.CDXJIndexer(str(theirs), str(warc), sort=True).process_all()
    assert write_index(ours, index_warc(warc)) == 7
    assert [parsed(line) for line in ours.read_text().splitlines()] == [
        parsed(line) for line in theirs.read_text().splitlines()
    ]


def test_damage_is_named(warc: Path) -> None:
    warc.write_bytes(warc.read_bytes()[:-10])
    with pytest.raises(DamagedWarc, match="cut short"):
        list(index_warc(warc))


@given(st.lists(st.text("ab )/,é", max_size=6), max_size=30), st.integers(1, 5))
def test_an_index_is_sorted_and_holds_each_line_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], batch: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "sorted.cdxj"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdxj, "_BATCH", batch)  # so that parts go to the disk
        assert write_index(path, lines) == len(set(lines))
    assert path.read_text(encoding="utf-8").splitlines() == sorted(set(lines))


def test_a_line() -> None:
    line = cdxj_line(
        "org,example)/", "20260301120000", ORG, "text/html", "200", "sha1:AB", 12, 345, "crawl-00000.warc.gz"
    )
    assert line == (
        'org,example)/ 20260301120000 {"url": "https://www.example.org", "mime": "text/html", "status": "200", '
        '"digest": "sha1:AB", "length": "12", "offset": "345", "filename": "crawl-00000.warc.gz"}'
    )
