"""Where a long WARC file can be cut so that several processes read shares of it.

In a gzipped WARC every record is a gzip member of its own (WARC/1.1, annex D), so reading can begin at any member that
holds a record. The place is guessed from a few bytes and proven by the reader: the share before must end exactly there.
"""

from __future__ import annotations

import zlib

from .read import DamagedWarc, read_stream
from .remote import open_at

_MEMBER = b"\x1f\x8b\x08"
_WINDOW = 1 << 18
_SEARCHED = 64 << 20  # a record longer than this is not looked behind
_VERSION = b"WARC/"


def split_points(name: str, size: int, share: int) -> list[int]:
    """Returns the offsets at which the shares of a gzipped WARC file begin.

    Args:
        name: Path or address.
        size: Its bytes.
        share: About how many bytes a share should have.

    Returns:
        Offsets of records, 0 first, rising; 0 alone where the file cannot be cut.
    """
    points = [0]
    if not name.endswith(".gz"):
        return points
    for wanted in range(share, size - share // 2, share):
        if wanted > points[-1] and (found := _next_record(name, wanted, min(wanted + _SEARCHED, size))) is not None:
            points.append(found)
    return sorted(set(points))


def _next_record(name: str, start: int, end: int) -> int | None:
    """Returns the offset of the first record that begins in a range."""
    with open_at(name, start) as handle:
        held, offset = b"", start  # `held` begins at `offset`
        while offset < end:
            block = handle.read(_WINDOW)
            held += block
            at = held.find(_MEMBER)
            while at >= 0 and (at + _WINDOW // 2 < len(held) or not block):
                if _begins_record(held[at:]) and _holds_record(name, offset + at):
                    return offset + at
                at = held.find(_MEMBER, at + 1)
            if not block:
                return None
            keep = at if at >= 0 else max(0, len(held) - len(_MEMBER) + 1)
            held, offset = held[keep:], offset + keep
    return None


def _begins_record(packed: bytes) -> bool:
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, len(_VERSION)).startswith(_VERSION)
    except zlib.error:
        return False


def _holds_record(name: str, offset: int) -> bool:
    with open_at(name, offset) as handle:
        try:
            records = read_stream(handle, name, offset)
            next(records)
            next(records, None)
        except DamagedWarc:
            return False
    return True
