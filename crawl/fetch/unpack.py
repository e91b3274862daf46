"""Undoing the content encoding of a response, within bounds."""

from __future__ import annotations

from collections.abc import Sequence

from isal import isal_zlib  # as zlib, in half the time
from scrapy.http import Response

from .job import Skip
from .outcomes import BROKEN, RATIO

# What unpacks to less than this is let through whatever its ratio.
_SMALL = 1 << 20
_STEP = 1 << 18
_GZIP, _ZLIB, _BARE = 31, 15, -15


def content_encodings(response: Response) -> list[str]:
    """Returns the content encodings of a response, in the order in which they were applied (RFC 9110, 8.4)."""
    stated = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
    return [one.strip().lower() for one in stated.split(",") if one.strip()]


def unpack(body: bytes, encodings: Sequence[str], max_bytes: int, max_ratio: float) -> bytes:
    """Unpacks a body step by step and gives it up as soon as it passes a bound.

    Args:
        body: Content as it came.
        encodings: Its `content_encodings`.
        max_bytes: Bound of the unpacked content.
        max_ratio: Bound of its size, as a multiple of the packed one.

    Raises:
        Skip: It passes a bound, cannot be unpacked to its end, or is packed in a way that was not asked for.
    """
    bound = min(max_bytes, max(_SMALL, int(len(body) * max_ratio)))
    for encoding in reversed(encodings):
        if encoding in ("gzip", "x-gzip"):
            body = _inflate(body, _GZIP, bound)
        elif encoding == "deflate":  # meant is zlib, but some servers leave its two octets out
            body = _inflate(body, _ZLIB if body[:1] and body[0] & 15 == 8 else _BARE, bound)
        elif encoding != "identity":
            raise Skip(BROKEN, f"it is packed as {encoding}, which was not asked for")
    return body


def _inflate(body: bytes, wbits: int, bound: int) -> bytes:
    parts, size, left = [], 0, body
    while left:
        inflate = isal_zlib.decompressobj(wbits)
        while left and not inflate.eof:
            try:
                part = inflate.decompress(left, min(_STEP, bound + 1 - size))
            except isal_zlib.error as error:  # type: ignore[misc]  # the stub has an instance for the class
                raise Skip(BROKEN, f"it cannot be unpacked ({error})") from error
            parts.append(part)
            size += len(part)
            if size > bound:
                raise Skip(RATIO, f"{len(body)} packed bytes unpack to more than {bound}")
            left = inflate.unconsumed_tail
        if not inflate.eof:
            raise Skip(BROKEN, "it is packed, and the end is missing")
        left = inflate.unused_data if wbits == _GZIP and inflate.unused_data.startswith(b"\x1f\x8b") else b""
    return b"".join(parts)
