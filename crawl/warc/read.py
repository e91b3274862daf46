"""Strict reading of WARC files: a record counts only if it is there to its last byte."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from isal import isal_zlib  # as zlib, in less than half the time
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParserException

from gonerd.errors import GonerdError

_UNPACKING: type[Exception] = cast(Any, isal_zlib).error  # its stub takes the class for an instance
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

    def __init__(self, path: str, offset: int, records: int, why: str) -> None:
        self.path, self.offset, self.records, self.why = path, offset, records, why
        super().__init__(
            f"{path}: {why} at byte {offset}, after {records} complete records; run the crawl command again, "
            "or pass --keep-complete to take the complete records"
        )

    def __reduce__(self) -> tuple[type[DamagedWarc], tuple[str, int, int, str]]:
        return DamagedWarc, (self.path, self.offset, self.records, self.why)  # it travels between processes


class FalseSplit(GonerdError):
    """A share of a file that does not end where the next one begins, because a record holds WARC files itself.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: it cannot be read in shares, because WARC files lie inside its records; pass --no-split"
        )

    def __reduce__(self) -> tuple[type[FalseSplit], tuple[str]]:
        return FalseSplit, (self.path,)


class _Broken(Exception):
    """Why the current record cannot be read, without the place."""


class _Tape:
    """A file read forwards only, so that one behind a network is never sought in; what was read too far is put back."""

    def __init__(self, handle: io.BufferedIOBase, offset: int) -> None:
        self._handle, self._rest = handle, b""
        self.offset = offset

    def read(self) -> bytes:
        block = self._rest or self._handle.read(_BLOCK)
        self._rest = b""
        self.offset += len(block)
        return block

    def put_back(self, block: bytes) -> None:
        self._rest = block + self._rest
        self.offset -= len(block)


class _Member(io.RawIOBase):
    """The plain bytes of one gzip member; where the library would end early, this raises."""

    def __init__(self, tape: _Tape) -> None:
        self._tape = tape
        self._inflate = isal_zlib.decompressobj(16 + isal_zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._tape.read()
            if not packed:
                raise _Broken("a gzip member is cut short")
            plain = self._inflate.decompress(packed, len(buffer))
            if self._inflate.eof:
                self._tape.put_back(self._inflate.unused_data)
            if plain:
                buffer[: len(plain)] = plain
                return len(plain)
        return 0


class _Plain(io.RawIOBase):
    """The bytes of a file that is not compressed."""

    def __init__(self, tape: _Tape) -> None:
        self._tape, self._at = tape, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        block = self._tape.read()
        if len(block) > len(buffer):
            self._tape.put_back(block[len(buffer) :])
        taken = block[: len(buffer)]
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)


class _Walk:
    """Steps through a file and knows how far it is proven sound."""

    def __init__(self, handle: io.BufferedIOBase, start: int, end: int | None) -> None:
        self._handle = handle
        self.offset, self._end = start, end
        self.complete = 0
        self.split_falsely = False

    def records(self) -> Iterator[tuple[int, Any]]:
        tape = _Tape(self._handle, self.offset)
        block = tape.read()
        tape.put_back(block)
        if block and not block.startswith(_GZIP):
            yield from self._stream(cast(BinaryIO, io.BufferedReader(_Plain(tape), _BLOCK)))
            return
        while (self._end is None or tape.offset < self._end) and (block := tape.read()):
            tape.put_back(block)
            self.offset = tape.offset
            member = cast(BinaryIO, io.BufferedReader(_Member(tape), _BLOCK))
            yield from self._stream(member, self.offset)
        self.split_falsely = self._end is not None and tape.offset != self._end

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
            block = record.raw_stream  # whoever takes the record may put another stream in its place
            yield offset, record
            while block.read(_BLOCK):
                pass
            if block.limit:
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
        handle.seek(start)
        yield from islice(read_stream(handle, str(path), start), count)


def read_stream(
    handle: io.BufferedIOBase, name: str, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, Any]]:
    """Reads the records of an open file, forwards only; see `read_records`.

    Args:
        handle: The file, standing at `start`.
        name: What to call it in a message.
        start: Offset at which a record begins.
        end: Offset of the first record that is not to be read, None for the end of the file.

    Raises:
        DamagedWarc: The file is cut short, corrupt, or no WARC file.
        FalseSplit: No record begins at `end`.
    """
    walk = _Walk(handle, start, end)
    try:
        yield from walk.records()
        if walk.split_falsely:
            raise FalseSplit(name)
    except _Broken as error:
        raise DamagedWarc(name, walk.offset, walk.complete, str(error)) from error
    except (ArchiveLoadFailed, StatusAndHeadersParserException, _UNPACKING, UnicodeError) as error:
        raise DamagedWarc(name, walk.offset, walk.complete, "not a WARC record") from error


def count_records(path: Path) -> int:
    """Reads a whole file and returns its number of records.

    Raises:
        DamagedWarc: The file is cut short, corrupt, or no WARC file.
    """
    return sum(1 for _ in read_records(path))
