from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Response

from gonerd.crawl.fetch.job import Skip
from gonerd.crawl.fetch.unpack import content_encodings, unpack

LARGE = 1 << 30
PAGE = b"<p>Quay</p>" * 1000


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def pack(body: bytes) -> bytes:
    """The same bytes at every time of day, as they name a test."""
    return gzip.compress(body, mtime=0)


PACKERS = {"gzip": pack, "x-gzip": pack, "deflate": zlib.compress, "identity": bytes}


@given(st.binary(max_size=5000), st.lists(st.sampled_from(sorted(PACKERS)), max_size=3))
def test_what_was_packed_comes_back(body: bytes, encodings: list[str]) -> None:
    packed = body
    for encoding in encodings:
        packed = PACKERS[encoding](packed)
    assert unpack(packed, encodings, LARGE, 100) == body


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (bare(PAGE), "deflate"),  # what some servers mean by it
        (pack(PAGE[:5000]) + pack(PAGE[5000:]), "gzip"),  # RFC 1952, 2.2: members follow each other
        (pack(PAGE) + b"\n", "gzip"),  # browsers pass over what stands behind
    ],
)
def test_forms(packed: bytes, encoding: str) -> None:
    assert unpack(packed, [encoding], LARGE, 100) == PAGE


@pytest.mark.parametrize(
    ("packed", "encoding", "reason"),
    [
        (pack(PAGE)[:-20], "gzip", "broken-response"),
        (zlib.compress(PAGE)[:-10], "deflate", "broken-response"),
        (b"<p>not packed at all", "gzip", "broken-response"),
        (pack(PAGE)[:-8] + b"\0" * 8, "gzip", "broken-response"),  # the checksum is wrong
        (PAGE, "br", "broken-response"),
        (pack(bytes(3 << 20)), "gzip", "compression-ratio"),
        (pack(pack(bytes(50 << 20))), "gzip, gzip", "compression-ratio"),
    ],
)
def test_what_is_given_up(packed: bytes, encoding: str, reason: str) -> None:
    with pytest.raises(Skip) as caught:
        unpack(packed, encoding.split(", "), 2 << 20, 100)
    assert caught.value.reason == reason


def test_bounds() -> None:
    body = bytes(3 << 20)
    packed = pack(body)
    with pytest.raises(Skip, match="unpack to more than 1048576"):
        unpack(packed, ["gzip"], LARGE, 100)
    assert unpack(packed, ["gzip"], LARGE, 2000) == body
    assert unpack(packed, ["gzip"], len(body), 2000) == body
    with pytest.raises(Skip):
        unpack(packed, ["gzip"], len(body) - 1, 2000)
    small = bytes(1 << 20)
    assert unpack(pack(small), ["gzip"], LARGE, 1) == small  # a megabyte is let through whatever its ratio


def test_encodings_of_a_response() -> None:
    response = Response("http://127.0.0.1/", headers={"Content-Encoding": ["GZIP, deflate ", "x-gzip"]})
    assert content_encodings(response) == ["gzip", "deflate", "x-gzip"]
    assert content_encodings(Response("http://127.0.0.1/")) == []
