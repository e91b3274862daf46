"""Bringing the store and the WARC files together again after a kill, a power cut, or the loss of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gonerd.crawl.warc.capture import Capture
from gonerd.crawl.warc.fields import LISTED, PAGE, REDIRECTS, REVISIT, ROLE
from gonerd.crawl.warc.heal import heal
from gonerd.crawl.warc.http_record import http_headers, status_of
from gonerd.crawl.warc.read import DamagedWarc, read_records
from gonerd.errors import GonerdError

from .keys import page_key
from .outcomes import FETCHED, http_reason, is_lasting
from .store import Store


def recover(store: Store, folder: Path) -> int:
    """Closes files that a killed crawl left open and enters what the store does not know of any file.

    Usually that is the last exchange or nothing; without a store it is everything.

    Args:
        store: The crawl's store.
        folder: The crawl's folder.

    Returns:
        The number of responses that were entered.

    Raises:
        GonerdError: A WARC file is damaged.
    """
    heal(folder, store.known_end)
    _forget_files(store, folder)
    entered = 0
    for path in sorted(folder.glob("*.warc.gz")):
        size, known = path.stat().st_size, store.known_end(path.name)
        if known > size:
            _forget(store, path.name, size)
            known = store.known_end(path.name)
        if known < size:
            try:
                entered += _enter(store, path, known, size)
            except DamagedWarc as damage:
                raise GonerdError(
                    f"{path}: {damage.why} at byte {damage.offset}; move the file away and run the crawl command again"
                ) from damage
    return entered


def _forget_files(store: Store, folder: Path) -> None:
    """Takes back what the store says of files that are gone, so that their pages are fetched again."""
    for row in store.rows("SELECT DISTINCT file FROM captures"):
        if not (folder / row["file"]).exists():
            _forget(store, row["file"], 0)


def _forget(store: Store, file: str, size: int) -> None:
    """Takes back what the store says of records that the file has lost, so that the pages are fetched again."""
    with store.transaction():
        lost = store.rows("SELECT url, date FROM captures WHERE file = ? AND offset + length > ?", file, size)
        for row in lost:
            found = store.rows("SELECT key FROM pages WHERE address = ? AND fetched = ?", row["url"], row["date"])
            for page in found:
                store.run(
                    "UPDATE pages SET reason = '', detail = '', final = '', address = '', fetched = '', etag = '', "
                    "last_modified = '', digest = '' WHERE key = ?",
                    page["key"],
                )
                store.run(
                    "UPDATE entries SET state = 'open', reason = '', detail = '', change = '' WHERE key = ? AND counts "
                    "AND round IN (SELECT id FROM rounds WHERE NOT complete)",
                    page["key"],
                )
        store.run("DELETE FROM captures WHERE file = ? AND offset + length > ?", file, size)


def _enter(store: Store, path: Path, start: int, size: int) -> int:
    """Enters the responses of a file from a byte on."""
    found: list[tuple[Capture, dict[str, str]]] = []
    pending: tuple[int, dict[str, Any]] | None = None
    with store.transaction():
        for offset, record in read_records(path, start=start):
            if pending is not None:
                found.append(_capture(path.name, pending, offset))
                pending = None
            if record.rec_type in ("response", "revisit"):
                pending = offset, _facts(record)
        if pending is not None:
            found.append(_capture(path.name, pending, size))
        for capture, facts in found:
            store.add_capture(capture)
            if facts["role"] == PAGE and capture.status not in REDIRECTS:
                _settle(store, capture, facts)
    return len(found)


def _facts(record: Any) -> dict[str, Any]:
    header = record.rec_headers.get_header
    http = http_headers(record)
    get = http.get_header if http else (lambda name: None)
    return {
        "url": header("WARC-Target-URI") or "",
        "date": header("WARC-Date") or "",
        "mime": REVISIT if record.rec_type == "revisit" else _mime(get("Content-Type")),
        "status": status_of(http),
        "digest": header("WARC-Payload-Digest") or "",
        "role": header(ROLE) or "",
        "listed": header(LISTED) or header("WARC-Target-URI") or "",
        "etag": get("ETag") or "",
        "last_modified": get("Last-Modified") or "",
    }


def _mime(stated: str | None) -> str:
    return (stated or "").partition(";")[0].strip()


def _capture(file: str, pending: tuple[int, dict[str, Any]], end: int) -> tuple[Capture, dict[str, Any]]:
    offset, facts = pending
    known = {name: facts[name] for name in ("url", "date", "mime", "status", "digest")}
    return Capture(**known, file=file, offset=offset, length=end - offset), facts


def _settle(store: Store, capture: Capture, facts: dict[str, Any]) -> None:
    """Notes the ending that a response means for its page."""
    reason = FETCHED if capture.status == 200 or capture.mime == REVISIT else http_reason(capture.status)
    if not is_lasting(reason):
        return
    key = page_key(facts["listed"])
    old = store.row("SELECT * FROM pages WHERE key = ?", key)
    row = dict(old) if old is not None else {}
    row |= {"key": key, "url": facts["listed"], "reason": reason, "detail": ""}
    if reason == FETCHED:
        row["final"] = page_key(capture.url)
        row |= {name: facts[name] for name in ("etag", "last_modified") if facts[name] or capture.mime != REVISIT}
        if capture.mime != REVISIT:
            row |= {"address": capture.url, "fetched": capture.date, "digest": capture.digest}
    store.insert("pages", row)
    for current in store.rows("SELECT id FROM rounds WHERE NOT complete"):
        store.run(
            "UPDATE entries SET state = 'ended', reason = ?, detail = '' "
            "WHERE round = ? AND key = ? AND state = 'open'",
            reason, current["id"], key,
        )  # fmt: skip
