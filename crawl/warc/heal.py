"""Mending the WARC file that a killed crawl left open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .read import DamagedWarc, read_records

OPEN = ".open"
_Row = tuple[int, str, str, str]


def _rows(path: Path, start: int) -> tuple[list[_Row], int]:
    """Returns (offset, type, id, partner's id) of every complete record, and where the last of them ends."""
    rows: list[_Row] = []
    try:
        for offset, record in read_records(path, start=start):
            header = record.rec_headers.get_header
            partner = header("WARC-Concurrent-To") or ""
            rows.append((offset, record.rec_type, header("WARC-Record-ID") or "", partner))
    except DamagedWarc as damage:
        return rows[: damage.records], damage.offset
    return rows, path.stat().st_size


def _sound_end(rows: list[_Row], end: int, start: int) -> tuple[int, int]:
    """Returns where the last exchange of which both halves are there ends, and the number of exchanges."""
    ends = [*(offset for offset, *_ in rows), end][1:]
    waiting: set[str] = set()
    sound, exchanges = start, 0
    for (_, kind, identity, partner), stop in zip(rows, ends, strict=True):
        if kind in ("request", "response", "revisit"):
            if start and partner and not exchanges and not waiting:
                pass  # the other half stands before `start`, which is known to be sound
            elif partner in waiting:
                waiting.discard(partner)
                exchanges += 1
            else:
                waiting.add(identity)
        elif kind == "metadata" and not partner:
            exchanges += 1  # a note about an address whose content is not kept
        if not waiting:
            sound = stop
    return sound, exchanges


def heal(folder: Path, known: Callable[[str], int] = lambda name: 0) -> list[Path]:
    """Closes every WARC file that a killed crawl left open in `folder`.

    A file is cut after its last whole request-response pair and gets its final name; one without any
    pair is removed.

    Args:
        folder: The crawl's folder.
        known: Tells of a file, by its final name, up to which byte it is known to be sound; 0 where nothing is known.

    Returns:
        The files that were closed.
    """
    closed = []
    for path in sorted(folder.glob(f"*.warc.gz{OPEN}")):
        size = path.stat().st_size
        start = min(known(path.name.removesuffix(OPEN)), size)
        end, exchanges = _sound_end(*_rows(path, start), start) if size > start else (start, 0)
        if not exchanges and not start:
            path.unlink()
            continue
        with path.open("rb+") as handle:
            handle.truncate(end)
            os.fsync(handle.fileno())
        closed.append(path.replace(path.with_name(path.name.removesuffix(OPEN))))
    return closed
