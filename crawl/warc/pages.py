"""The page responses in a WARC file, in the order in which they stand there."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from warcio.timeutils import iso_date_to_datetime

from gonerd.crawl.extraction.page import Page, is_html
from gonerd.crawl.optout import page_signals
from gonerd.records import DOMAINS

from .fields import DOMAIN, PAGE, REDIRECTS, ROLE, SOURCE
from .http_record import http_headers, status_of
from .read import read_stream
from .remote import open_at

MAX_BYTES = 64 << 20
_MAX_BLOCK = MAX_BYTES + (1 << 20)  # a body and its HTTP header
_ANSWERS = frozenset({"response", "revisit", "resource", "conversion"})
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Share:
    """A stretch of a WARC file.

    Attributes:
        name: Path or address of the file.
        start: Offset of its first record.
        end: Offset of the first record after it, None for the end of the file.
    """

    name: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Revisit:
    """A page that was fetched again and had not changed, so that its text stands in an earlier record.

    Attributes:
        url: The address that answered.
        fetched: When.
        record_id: Id of the revisit record.
        original: Id of the record it refers to, empty where it names none.
        original_url: Address of that record.
    """

    url: str
    fetched: datetime | None
    record_id: str
    original: str
    original_url: str


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A page whose record does not hold what was stored.

    Attributes:
        url: The address that answered.
        record_id: Id of the record.
        detail: What does not fit.
    """

    url: str
    record_id: str
    detail: str


Answer = Page | Revisit | Spoiled


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of pages whose WARC file does not say it.

    Attributes:
        domain: Domain of the documents.
        source: Short name of the publisher, None for the host of each page.
    """

    domain: str = "other"
    source: str | None = None


UNKNOWN_ORIGIN = Origin()


def read_pages(share: Share, counts: Counter[str], origin: Origin = UNKNOWN_ORIGIN) -> Iterator[Answer]:
    """Reads the pages of a WARC file, or of a share of it.

    Our own crawls mark theirs; of other files every HTML or PDF response with status 200 is a page. A page is given out
    once its record is proven complete.

    Args:
        share: What to read.
        counts: Takes the number of answers that are no pages, under "not-a-page", and of all records, "records".
        origin: Domain and source where the file states none.

    Yields:
        The pages; what is left of those that were fetched again unchanged; and those whose digest does not fit.

    Raises:
        DamagedWarc: The file is cut short or corrupt; what was given out before is sound.
    """
    info = _info_at(share.name) if share.start else {}
    waiting: Answer | None = None
    with open_at(share.name, share.start) as handle:
        for _, record in read_stream(handle, share.name, share.start, share.end):
            if waiting is not None:
                yield waiting
            counts["records"] += 1
            waiting = None
            if record.rec_type == "warcinfo":
                info = _fields(record.raw_stream.read(MAX_BYTES))
            elif record.rec_type in _ANSWERS:
                waiting = _answer(record, info, share.name, origin)
                counts["not-a-page"] += waiting is None
    if waiting is not None:
        yield waiting


def _info_at(name: str) -> dict[str, str]:
    """Reads the warcinfo record at the beginning of a file, for shares that begin later."""
    with open_at(name) as handle:
        for _, record in read_stream(handle, name):
            return _fields(record.raw_stream.read(MAX_BYTES)) if record.rec_type == "warcinfo" else {}
    return {}


def _fields(block: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in block.decode("utf-8", errors="replace").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _answer(record: Any, info: dict[str, str], name: str, origin: Origin) -> Answer | None:
    header = record.rec_headers.get_header
    url, role = header("WARC-Target-URI") or "", header(ROLE)
    if role not in (None, PAGE) or record.rec_type not in ("response", "revisit"):
        return None
    block = record.raw_stream.read(_MAX_BLOCK)
    digest = header("WARC-Block-Digest")
    sound = len(block) == _MAX_BLOCK or _digest_fits(digest, block)
    record.raw_stream, record.length = BytesIO(block), len(block)
    headers = http_headers(record)
    status = status_of(headers)
    kind = (headers.get_header("Content-Type") or "") if headers else ""
    if record.rec_type == "revisit":
        return _revisit(record, url) if role or not kind or is_html(kind, b"") or _is_pdf(kind) else None
    if headers is None or status in REDIRECTS:
        return None
    # One byte more than is taken tells a longer body apart.
    body = record.content_stream().read(MAX_BYTES + 1)
    readable = is_html(kind, body) or _is_pdf(kind)
    if role is None and not (status == HTTPStatus.OK and readable and urlsplit(url).path != "/robots.txt"):
        return None
    if not sound:
        return Spoiled(url, header("WARC-Record-ID") or "", f"WARC-Block-Digest is {digest}, and the block has another")
    domain = header(DOMAIN) or info.get("domain")
    return Page(
        url=url,
        status=status,
        content_type=kind,
        body=body,
        fetched=_moment(header("WARC-Date")),
        domain=domain if domain in DOMAINS else origin.domain,
        source=header(SOURCE) or info.get("source") or origin.source,
        warc_file=name.rsplit("/", 1)[-1],
        record_id=header("WARC-Record-ID") or "",
        opt_out=next((str(one) for one in page_signals(headers.headers, body) if one.reserved), ""),
    )


def _is_pdf(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == _PDF


def _revisit(record: Any, url: str) -> Revisit:
    header = record.rec_headers.get_header
    return Revisit(
        url=url,
        fetched=_moment(header("WARC-Date")),
        record_id=header("WARC-Record-ID") or "",
        original=header("WARC-Refers-To") or "",
        original_url=header("WARC-Refers-To-Target-URI") or url,
    )


def _digest_fits(stated: str | None, block: bytes) -> bool:
    """Whether a block has the digest that its record states; one in an unknown form proves nothing."""
    method, _, value = (stated or "").partition(":")
    if method.lower() not in ("sha1", "sha256", "md5"):
        return True
    digest = hashlib.new(method.lower(), block, usedforsecurity=False).digest()
    return value.strip().lower() in (base64.b32encode(digest).decode().lower(), digest.hex())


def _moment(stated: str | None) -> datetime | None:
    with suppress(ValueError, TypeError):
        moment: datetime = iso_date_to_datetime(stated, tz_aware=True)
        return moment
    return None
