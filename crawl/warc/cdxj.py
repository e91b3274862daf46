"""The index of WARC files in CDXJ: one line per capture, sorted by key and time, as replay tools search it.

https://specs.webrecorder.net/cdxj/0.1.0/: the key of the URL, the moment as fourteen digits, and a JSON object.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from warcio.timeutils import iso_date_to_timestamp

from gonerd.files import new_file

from .fields import REVISIT
from .http_record import http_headers
from .read import read_records
from .surt import surt

_CAPTURES = frozenset({"response", "revisit", "resource", "metadata"})
_FIELDS = "application/warc-fields"
# So many lines, about 10 MB, are sorted in memory; each such run is a file, so a process may have 25 million lines.
_BATCH = 25_000
_BLOCK = 1 << 16


def cdxj_line(
    urlkey: str, timestamp: str, url: str, mime: str, status: str, digest: str, length: int, offset: int, filename: str
) -> str:
    """Returns one line, without its end.

    Args:
        urlkey: `surt` of the URL.
        timestamp: Moment of the capture, fourteen digits.
        url: The URL as it was asked for.
        mime: Media type without parameters; empty if unknown.
        status: HTTP status; empty for a record without one.
        digest: WARC-Payload-Digest of the record.
        length: Bytes of the compressed record.
        offset: Its first byte in the file.
        filename: Name of the WARC file.
    """
    fields = {
        "url": url, "mime": mime, "status": status, "digest": digest, "length": str(length), "offset": str(offset),
        "filename": filename,
    }  # fmt: skip
    return f"{urlkey} {timestamp} " + json.dumps({name: value for name, value in fields.items() if value})


def index_warc(path: Path, name: str | None = None) -> Iterator[str]:
    """Reads the captures of a WARC file, in its order.

    Args:
        path: The file, each record a gzip member of its own, or none compressed.
        name: Under which the lines know the file, its own when None.

    Yields:
        Their lines.

    Raises:
        DamagedWarc: The file is cut short, corrupt, or no WARC file.
    """
    pending: tuple[int, dict[str, Any]] | None = None
    for offset, record in read_records(path):
        if pending is not None:  # its length is known only now
            yield cdxj_line(**pending[1], length=offset - pending[0], offset=pending[0], filename=name or path.name)
        fields = _capture(record)
        pending = None if fields is None else (offset, fields)
    if pending is not None:
        end = path.stat().st_size
        yield cdxj_line(**pending[1], length=end - pending[0], offset=pending[0], filename=name or path.name)


def _capture(record: Any) -> dict[str, Any] | None:
    header = record.rec_headers.get_header
    url, kind = header("WARC-Target-URI"), header("Content-Type") or ""
    if record.rec_type not in _CAPTURES or not url or (record.rec_type in ("resource", "metadata") and kind == _FIELDS):
        return None
    answer = http_headers(record) if record.rec_type in ("response", "revisit") else None
    if answer is not None:
        kind = answer.get_header("Content-Type") or ""
    return {
        "urlkey": surt(url),
        "timestamp": iso_date_to_timestamp(header("WARC-Date")),
        "url": url,
        "mime": REVISIT if record.rec_type == "revisit" else kind.partition(";")[0].strip(),
        "status": (answer.get_statuscode() or "") if answer is not None else "",
        "digest": header("WARC-Payload-Digest") or _digest(record),
    }


def _digest(record: Any) -> str:
    if record.rec_type == "revisit":  # its payload is elsewhere
        return ""
    digest = hashlib.sha1(usedforsecurity=False)
    while block := record.raw_stream.read(_BLOCK):
        digest.update(block)
    return "sha1:" + base64.b32encode(digest.digest()).decode("ascii")


def write_index(path: Path, lines: Iterable[str]) -> int:
    """Writes an index, sorted, each line once, under a temporary name that is then renamed.

    The lines may be any number: they are sorted in parts, on disk.

    Args:
        path: The file, by custom `*.cdxj`.
        lines: Lines without their ends, in any order.

    Returns:
        The number of lines written.
    """
    written = 0
    with ExitStack() as parts:
        runs: list[Iterable[str]] = []
        unsorted = (line + "\n" for line in lines)
        while run := sorted(islice(unsorted, _BATCH)):
            if len(run) == _BATCH:
                handle = parts.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))
                handle.writelines(run)
                handle.seek(0)
                runs.append(handle)
            else:
                runs.append(run)
        with new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as index:
            for line, _ in groupby(heapq.merge(*runs)):
                index.write(line)
                written += 1
    return written
