"""Writing HTTP exchanges to WARC/1.1 files that survive a kill at any moment.

Every exchange is written with one call, as three gzip members: the response (or a revisit record), the request, and a
metadata record (ISO 28500:2017, sections 6.3 to 6.7).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from isal import igzip
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from .capture import Capture
from .exchange import Exchange, Message, Original
from .fields import REVISIT, ROLE
from .heal import OPEN

_NAME = "crawl-{:05d}.warc.gz"
# On real news pages this level packs a little better than zlib's first (ratio 4.56 to 4.45) and six times as fast;
# zlib's ninth, which warcio takes, would save 15 % of the space at a nineteenth of the speed.
_LEVEL = 2
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


class WarcStore:
    """Appends exchanges to numbered files in a folder.

    A file bears its final name only once it is closed, and every exchange is flushed as a whole.

    Args:
        folder: Where the files go.
        info: Fields of the warcinfo record.
        max_bytes: A new file is begun after this many bytes.
    """

    def __init__(self, folder: Path, info: Mapping[str, str], max_bytes: int) -> None:
        self.folder, self.info, self.max_bytes = folder, dict(info), max_bytes
        self.bytes = 0
        self._path: Path | None = None
        self._handle: BinaryIO | None = None
        self._torn = False
        # The shape of records does not depend on the file, so one writer without any makes them.
        self._builder: Any = WARCWriter(None, gzip=False, warc_version="1.1")

    def write(self, exchange: Exchange) -> Capture:
        """Appends one exchange.

        Returns:
            Where the response stands. Its digest equals that of `exchange.original` where a revisit was written.

        Raises:
            OSError: The file cannot be written; it then stays open by name, for the next run to mend.
        """
        answer = self._answer(exchange)
        header = answer.rec_headers.get_header
        members = [self._member(answer)]
        links = {"WARC-Concurrent-To": header("WARC-Record-ID"), "WARC-Date": header("WARC-Date")}
        members.append(self._member(self._http(exchange.url, "request", exchange.request, links)))
        members.append(self._member(self._fields(exchange.url, exchange.notes, links)))
        offset = self._append(members)
        kind = next((v for n, v in exchange.response.headers if n.lower() == "content-type"), "")
        mime = REVISIT if answer.rec_type == "revisit" else kind.partition(";")[0].strip()
        digest = header("WARC-Payload-Digest") or ""
        name = self._file_name()
        self._roll()
        return Capture(exchange.url, links["WARC-Date"], mime, exchange.status, digest, name, offset, len(members[0]))

    def note(self, url: str, notes: Mapping[str, str], extra: Mapping[str, str]) -> None:
        """Appends a metadata record alone, for an address whose content is not kept.

        Raises:
            OSError: The file cannot be written.
        """
        self._append([self._member(self._fields(url, notes, extra))])
        self._roll()

    def close(self) -> None:
        """Gives the open file its final name, unless the last exchange was not written as a whole."""
        if self._handle is None or self._path is None:
            return
        with suppress(OSError):  # what could not be written before cannot be flushed now either
            os.fsync(self._handle.fileno())
            self._handle.close()
        if not self._torn:
            self._path.replace(self._path.with_name(self._file_name()))
        self._handle = None

    def _file_name(self) -> str:
        return self._path.name.removesuffix(OPEN) if self._path else ""

    def _append(self, members: list[bytes]) -> int:
        if self._torn:
            raise OSError(errno.EIO, "an earlier exchange was not written as a whole")
        self._torn = True
        if self._handle is None:
            self._begin()
        assert self._handle is not None
        before = self._handle.tell()
        self._handle.write(b"".join(members))
        self._handle.flush()
        self._torn = False
        self.bytes += self._handle.tell() - before
        return before

    def _roll(self) -> None:
        if self._handle is not None and self._handle.tell() >= self.max_bytes:
            self.close()

    def _begin(self) -> None:
        taken = [int(path.name[6:11]) for path in self.folder.glob("crawl-[0-9][0-9][0-9][0-9][0-9].warc.gz*")]
        name = _NAME.format(max(taken, default=-1) + 1)
        self._path = self.folder / (name + OPEN)
        self._handle = self._path.open("xb")
        self._handle.write(self._member(self._builder.create_warcinfo_record(name, self.info)))

    def _member(self, record: Any) -> bytes:
        plain = BytesIO()
        self._builder._write_warc_record(plain, record)
        packed: bytes = igzip.compress(plain.getvalue(), _LEVEL)
        return packed

    def _answer(self, exchange: Exchange) -> Any:
        original = exchange.original
        if original is None:
            return self._http(exchange.url, "response", exchange.response, exchange.extra)
        if exchange.status == 304:
            return self._revisit(exchange, original, NOT_MODIFIED)
        whole = self._http(exchange.url, "response", exchange.response, exchange.extra)
        self._builder.ensure_digest(whole, block=False, payload=True)
        same = whole.rec_headers.get_header("WARC-Payload-Digest") == original.digest
        return self._revisit(exchange, original, IDENTICAL) if same else whole

    def _revisit(self, exchange: Exchange, original: Original, profile: str) -> Any:
        record = self._builder.create_revisit_record(
            exchange.url,
            original.digest,
            original.url,
            original.date,
            http_headers=_head(exchange.response),
            warc_headers_dict=dict(exchange.extra),
        )
        record.rec_headers.replace_header("WARC-Profile", profile)
        return record

    def _http(self, url: str, kind: str, message: Message, extra: Mapping[str, str]) -> Any:
        return self._builder.create_warc_record(
            url,
            kind,
            payload=BytesIO(message.body),
            length=len(message.body),
            http_headers=_head(message),
            warc_headers_dict=dict(extra),
        )

    def _fields(self, url: str, notes: Mapping[str, str], extra: Mapping[str, str]) -> Any:
        text = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in notes.items() if value)
        body = text.encode("utf-8")
        return self._builder.create_warc_record(
            url,
            "metadata",
            payload=BytesIO(body),
            length=len(body),
            warc_content_type="application/warc-fields",
            warc_headers_dict={**extra, ROLE: "metadata"},
        )


def _head(message: Message) -> Any:
    # The flag only means that the first word of the start line stands apart, as it does in a status line too.
    return StatusAndHeaders(message.start, list(message.headers), is_http_request=True)
