"""Strict reading of WARC files: a record counts only if it is there to its last byte."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParserException

from gonerd.errors import GonerdError

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 16
LOADER = ArcWarcRecordLoader(verify_http=False, arc2warc=False)


class DamagedWarc(GonerdError):
    """A WARC file that ends within a record or holds something else.

    Attributes:
        path: The file.
        offset: Where the first unusable byte stands.
        records: How many complete records stand before it.
    """

    def __init__(self, path: Path, offset: int, records: int, why: str) -> None:
        self.path, self.offset, self.records, self.why = path, offset, records, why
        super().__init__(
            f"{path}: {why} at byte {offset}, after {records} complete records; run the crawl command again, "
            "or pass --keep-complete to take the complete records"
        )


class _Broken(Exception):
    """Why the current record cannot be read, without the place."""


class _Member(io.RawIOBase):
    """The plain bytes of one gzip member; where zlib would end early, this raises."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._handle.read(_BLOCK)
            if not packed:
                raise _Broken("a gzip member is cut short")
            plain = self._inflate.decompress(packed, len(buffer))
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)
        return 0

    def rewind(self) -> None:
        """Puts the file back to the first byte after the member."""
        self._handle.seek(-len(self._inflate.unused_data), io.SEEK_CUR)


class _Walk:
    """Steps through a file and knows how far it is proven sound."""

    def __init__(self, handle: BinaryIO, start: int) -> None:
        self._handle = handle
        self._start = self.offset = start
        self.complete = 0

    def records(self) -> Iterator[tuple[int, Any]]:
        self._handle.seek(self._start)
        packed = self._handle.read(len(_GZIP)) == _GZIP
        self._handle.seek(self._start)
        if not packed:
            yield from self._stream(self._handle)
            return
        while start := self._handle.read(1):
            self._handle.seek(-len(start), io.SEEK_CUR)
            self.offset, member = self._handle.tell(), _Member(self._handle)
            yield from self._stream(cast(BinaryIO, io.BufferedReader(member, _BLOCK)), self.offset)
            member.rewind()

    def _stream(self, stream: BinaryIO, member: int | None = None) -> Iterator[tuple[int, Any]]:
        begun = 0
        while True:
            offset = stream.tell() if member is None else member
            line = stream.readline()
            if line and not line.strip():
                continue
            # Only here is the record before proven: a gzip member may still be torn after its last byte of data.
            self.complete += begun
            self.offset, begun = offset, 1
            if not line:
                return
            record = LOADER.parse_record_stream(stream, line, known_format="warc", no_record_parse=True)
            if not (record.rec_headers.get_header("Content-Length") or "").isdigit():
                raise _Broken("a record without a Content-Length")
            yield offset, record
            while record.raw_stream.read(_BLOCK):
                pass
            if record.raw_stream.limit:
                raise _Broken("a record is cut short")


def read_records(path: Path, count: int | None = None, start: int = 0) -> Iterator[tuple[int, Any]]:
    """Reads a WARC file, gzipped or not, record by record.

    Args:
        path: The file.
        count: Stop after this many records, before whatever follows them is looked at.
        start: Byte at which the first record to read begins.

    Yields:
        (byte offset, record); the record's stream must be read before the next step. Only the step after
        it proves a record complete.

    Raises:
        DamagedWarc: The file is cut short, corrupt, or no WARC file.
    """
    with path.open("rb") as handle:
        walk = _Walk(handle, start)
        try:
            yield from islice(walk.records(), count)
        except _Broken as error:
            raise DamagedWarc(path, walk.offset, walk.complete, str(error)) from error
        except (ArchiveLoadFailed, StatusAndHeadersParserException, zlib.error, UnicodeError) as error:
            raise DamagedWarc(path, walk.offset, walk.complete, "not a WARC record") from error


def count_records(path: Path) -> int:
    """Reads a whole file and returns its number of records.

    Raises:
        DamagedWarc: The file is cut short, corrupt, or no WARC file.
    """
    return sum(1 for _ in read_records(path))
