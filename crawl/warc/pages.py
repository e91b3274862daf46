"""The page responses in a set of WARC files, in the order in which they stand there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.timeutils import iso_date_to_datetime

from gonerd.crawl.extraction.page import Page, is_html
from gonerd.errors import GonerdError
from gonerd.files import existing
from gonerd.records import DOMAINS

from .fields import PAGE, REDIRECTS, ROLE
from .heal import OPEN
from .http_record import http_headers, status_of
from .read import read_records

MAX_BYTES = 64 << 20
_ANSWERS = frozenset({"response", "revisit", "resource", "conversion"})
_SUFFIXES = (".warc.gz", ".warc")


def warc_files(source: Path) -> list[Path]:
    """Lists the WARC files of a folder by name, or the one file.

    Raises:
        GonerdError: There is none, or a crawl is not finished.
    """
    existing(source, "folder of WARC files (or WARC file)", "run `gonerd crawl run` first, or check the path")
    inside = sorted(source.iterdir()) if source.is_dir() else [source]
    for path in inside:
        if path.name.endswith(OPEN):
            raise GonerdError(f"{path}: this crawl was not finished; run the same crawl command again")
    found = [path for path in inside if path.name.endswith(_SUFFIXES)] if source.is_dir() else inside
    if not found:
        raise GonerdError(f"{source}: the folder holds no *.warc.gz; run `gonerd crawl run --out {source}` first")
    return found


def read_pages(path: Path, count: int | None, counts: Counter[str]) -> Iterator[Page]:
    """Reads the pages of one WARC file.

    Our own crawls mark theirs; of other files every HTML response with status 200 is a page.

    Args:
        path: The file.
        count: Number of records to read, all when None.
        counts: Takes the number of answers that are no pages, under "not-a-page".

    Yields:
        The pages.
    """
    info: dict[str, str] = {}
    for _, record in read_records(path, count):
        if record.rec_type == "warcinfo":
            info = _fields(record.raw_stream.read(MAX_BYTES))
        elif record.rec_type in _ANSWERS:
            page = _page(record, info, path.name) if record.rec_type == "response" else None
            if page is None:
                counts["not-a-page"] += 1
            else:
                yield page


def _fields(block: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in block.decode("utf-8", errors="replace").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _page(record: Any, info: dict[str, str], name: str) -> Page | None:
    header = record.rec_headers.get_header
    url, role = header("WARC-Target-URI") or "", header(ROLE)
    headers = http_headers(record)
    status = status_of(headers)
    if headers is None or role not in (None, PAGE) or status in REDIRECTS:
        return None
    kind = headers.get_header("Content-Type") or ""
    # One byte more than is taken tells a longer body apart.
    body = record.content_stream().read(MAX_BYTES + 1)
    if role is None and not (status == HTTPStatus.OK and is_html(kind, body) and urlsplit(url).path != "/robots.txt"):
        return None
    return Page(
        url=url,
        status=status,
        content_type=kind,
        body=body,
        fetched=_moment(header("WARC-Date")),
        domain=info.get("domain", "") if info.get("domain") in DOMAINS else "other",
        source=info.get("source") or None,
        warc_file=name,
        record_id=header("WARC-Record-ID") or "",
    )


def _moment(stated: str | None) -> datetime | None:
    with suppress(ValueError, TypeError):
        moment: datetime = iso_date_to_datetime(stated, tz_aware=True)
        return moment
    return None
