"""Writing HTTP exchanges to WARC/1.1 files that survive a kill at any moment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from .heal import OPEN

_NAME = "crawl-{:05d}.warc.gz"


@dataclass(frozen=True, slots=True)
class Message:
    """The head and body of one HTTP request or response.

    Attributes:
        start: Request line or status line.
        headers: Names and values in order.
        body: Content as received, still in its content encoding.
    """

    start: str
    headers: Sequence[tuple[str, str]]
    body: bytes


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
        self._builder: Any = WARCWriter(None, gzip=True, warc_version="1.1")
        self._writer: Any = None

    def write(self, url: str, request: Message, response: Message, extra: Mapping[str, str]) -> None:
        """Appends one exchange.

        Args:
            url: The address that was requested.
            request: What was sent.
            response: What came back.
            extra: Further WARC headers of the response record.

        Raises:
            OSError: The file cannot be written; it then stays open by name, for the next run to mend.
        """
        answer = self._record(url, "response", response, extra)
        asked = self._record(url, "request", request, {})
        self._torn = True
        if self._handle is None:
            self._begin()
        assert self._handle is not None
        before = self._handle.tell()
        self._writer.write_request_response_pair(asked, answer)
        self._handle.flush()
        self._torn = False
        self.bytes += self._handle.tell() - before
        if self._handle.tell() >= self.max_bytes:
            self.close()

    def close(self) -> None:
        """Gives the open file its final name, unless the last exchange was not written as a whole."""
        if self._handle is None or self._path is None:
            return
        with suppress(OSError):  # what could not be written before cannot be flushed now either
            os.fsync(self._handle.fileno())
            self._handle.close()
        if not self._torn:
            self._path.replace(self._path.with_name(self._path.name.removesuffix(OPEN)))
        self._handle = None

    def _begin(self) -> None:
        taken = [int(path.name[6:11]) for path in self.folder.glob("crawl-[0-9][0-9][0-9][0-9][0-9].warc.gz*")]
        name = _NAME.format(max(taken, default=-1) + 1)
        self._path = self.folder / (name + OPEN)
        self._handle = self._path.open("xb")
        self._writer = WARCWriter(self._handle, gzip=True, warc_version="1.1")
        self._writer.write_record(self._writer.create_warcinfo_record(name, self.info))

    def _record(self, url: str, kind: str, message: Message, extra: Mapping[str, str]) -> Any:
        # The flag only means that the first word of the start line stands apart, as it does in a status line too.
        head = StatusAndHeaders(message.start, list(message.headers), is_http_request=True)
        return self._builder.create_warc_record(
            url,
            kind,
            payload=BytesIO(message.body),
            length=len(message.body),
            http_headers=head,
            warc_headers_dict=dict(extra),
        )
