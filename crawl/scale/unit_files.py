"""The files of a unit: its documents, and a light row of every page; both appear whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gonerd.records import Document
from gonerd.tables import record_schema, shard_notes, write_shard

from .plan import Plan, Unit
from .rows import Looked, PageRow, UnitEnd, row_of

UNITS = "units"
_GROUP = 64  # documents in memory before they are written
_SCHEMA = record_schema(Document)


def rows_path(work: Path, key: str) -> Path:
    """Returns the file of a unit's light rows; it is written last, so that it marks a finished unit."""
    return work / UNITS / f"{key}.pages.parquet"


def documents_path(work: Path, key: str) -> Path:
    """Returns the file of a unit's documents, in the order of its pages."""
    return work / UNITS / f"{key}.documents.parquet"


def is_done(work: Path, unit: Unit) -> bool:
    """Whether an earlier run finished a unit."""
    return rows_path(work, unit.key).exists()


def notes_of(work: Path, key: str) -> dict[str, Any]:
    """Returns what a unit's writer noted: documents, pages, records, not_a_page, damage."""
    found: dict[str, Any] = json.loads(shard_notes(rows_path(work, key))["unit"])
    return found


def units_read(plan: Plan, work: Path) -> list[tuple[Unit, dict[str, Any]]]:
    """Returns the units that were read, with their notes.

    Units that a limit spared are not among them, nor are those behind a damaged place of a file: of such a file the
    records before the damage are taken, however it was cut.
    """
    found, broken = [], set()
    for unit in plan.units:
        if unit.file in broken or (plan.settings.limit is not None and not is_done(work, unit)):
            continue
        notes = notes_of(work, unit.key)
        if notes["damage"]:
            broken.add(unit.file)
        found.append((unit, notes))
    return found


class UnitWriter:
    """Writes the files of one unit.

    Args:
        work: The working folder.
        key: Name of the unit.
    """

    def __init__(self, work: Path, key: str) -> None:
        self._work, self._key = work, key
        self._rows: list[PageRow] = []
        self._waiting: list[Document] = []
        self._documents = 0
        self._path = documents_path(work, key)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self._path.with_suffix(f".{os.getpid()}.part")
        self._writer = pq.ParquetWriter(self._part, _SCHEMA, compression="zstd")

    def add(self, page: Looked, joins: tuple[int, ...] = ()) -> None:
        """Takes a page."""
        self._rows.append(row_of(page, joins))
        if page.document is not None:
            self._waiting.append(page.document)
            self._documents += 1
        if len(self._waiting) == _GROUP:
            self._flush()

    def close(self, end: UnitEnd | None = None) -> None:
        """Gives the files their names."""
        self._flush()
        self._writer.close()
        self._part.replace(self._path)
        counts, damage = (end.counts, end.damage) if end else ({}, None)
        notes = {
            "documents": self._documents,
            "pages": len(self._rows),
            "parts": sum(row.number > 0 for row in self._rows),
            "records": counts.get("records", 0),
            "not_a_page": counts.get("not-a-page", 0),
            "damage": [damage.offset, damage.records, damage.why] if damage else None,
        }
        write_shard(rows_path(self._work, self._key), self._rows, PageRow, {"unit": json.dumps(notes)})

    def _flush(self) -> None:
        if self._waiting:
            rows = [{name: getattr(document, name) for name in _SCHEMA.names} for document in self._waiting]
            self._writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
        self._waiting = []


def read_rows_of(work: Path, key: str, columns: list[str]) -> Any:
    """Reads columns of a unit's light rows as a table."""
    return pq.read_table(rows_path(work, key), columns=columns, partitioning=None)


def read_documents_at(work: Path, key: str, rows: list[int]) -> Iterator[Document]:
    """Reads single documents of a unit by their numbers, rising, a group of rows in memory at a time."""
    with pq.ParquetFile(documents_path(work, key)) as file:
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            inside = [row - first for row in rows if first <= row < first + count]
            if inside:
                yield from (Document(**values) for values in file.read_row_group(group).take(inside).to_pylist())
            first += count


def read_json_of(path: Path) -> Any:
    """Reads a JSON file of the working folder."""
    return json.loads(path.read_text(encoding="utf-8"))
