"""The HTTP message within a WARC record."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .read import LOADER


def http_headers(record: Any) -> Any:
    """Parses the HTTP header of a request or response record and leaves its stream at the payload.

    Returns:
        The status line and headers, or None where the record holds no HTTP message.
    """
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    with suppress(EOFError):
        record.http_headers = LOADER.load_http_headers(record.rec_type, url, record.raw_stream, record.length)
    return record.http_headers


def status_of(headers: Any) -> int:
    """Returns the status code of a parsed HTTP header, 0 where it has none."""
    code = (headers.get_statuscode() or "") if headers else ""
    return int(code) if code.isdigit() else 0
