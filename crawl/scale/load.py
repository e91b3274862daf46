"""The light rows of all units as columns in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.crawl.dedup.columns import NEVER, Columns, address_key, identity_key

from .join import joined_key
from .plan import Plan, Unit
from .unit_files import notes_of, read_rows_of, units_read

_COLUMNS = ["url", "fetched", "reason", "id", "length", "published", "free", "text_key", "signature", "joins"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """All pages and documents.

    Attributes:
        keys: Names of the units, the one of joined articles last.
        first: Number of the first page of each unit, and after the last the number of all pages.
        columns: The documents, those of pages first, joined articles last.
        document: For every page the number of its document, -1 where it has none.
        unit: For every document the number of its unit.
        row: For every document its number within the unit.
        article: For the first page of an article put together, the number of the article's document.
        damaged: (file, offset, complete records before it, problem) of damaged files.
        others: Answers that are no pages.
    """

    keys: list[str]
    first: list[int]
    columns: Columns
    document: Any
    unit: Any
    row: Any
    article: dict[int, int]
    damaged: list[tuple[str, int, int, str]]
    others: int


def load(work: Path, plan: Plan) -> Loaded:
    """Reads the light rows of all units."""
    units = units_read(plan, work)
    keys = [*(unit.key for unit, _ in units), joined_key(plan)]
    notes = [*(note for _, note in units), notes_of(work, joined_key(plan))]
    first = np.cumsum([0, *(note["pages"] for note in notes[:-1])]).tolist()
    total = sum(note["documents"] for note in notes)
    loaded = Loaded(
        keys=keys,
        first=first,
        columns=Columns.empty(total),
        document=np.full(first[-1], -1, np.int64),
        unit=np.zeros(total, np.int32),
        row=np.zeros(total, np.int32),
        article={},
        damaged=_damage(units),
        others=sum(note["not_a_page"] for note in notes),
    )
    done = 0
    for number, (key, note) in enumerate(zip(keys, notes, strict=True)):
        table = read_rows_of(work, key, _COLUMNS)
        has = table["reason"].to_numpy() == ""
        at = slice(done, done + note["documents"])
        if number < len(units):
            loaded.document[first[number] : first[number + 1]][has] = np.arange(at.start, at.stop)
        _fill(loaded.columns, at, table.filter(has))
        loaded.unit[at], loaded.row[at] = number, np.arange(note["documents"])
        done = at.stop
    _enter_articles(loaded, table["joins"].to_pylist(), total)
    return loaded


def _fill(columns: Columns, at: slice, table: Any) -> None:
    columns.address[at] = [address_key(url) for url in table["url"].to_pylist()]
    columns.identity[at] = [identity_key(one) for one in table["id"].to_pylist()]
    columns.text[at] = np.array(table["text_key"].to_pylist(), columns.text.dtype)
    columns.fetched[at] = table["fetched"].cast("int64").fill_null(0).to_numpy()
    columns.length[at] = table["length"].to_numpy()
    columns.published[at] = table["published"].cast("int32").fill_null(NEVER).to_numpy()
    columns.free[at] = table["free"].to_numpy()
    packed = b"".join(table["signature"].to_pylist())
    columns.signature[at] = np.frombuffer(packed, "<u4").reshape(len(table), columns.signature.shape[1])


def _enter_articles(loaded: Loaded, joins: list[list[int]], total: int) -> None:
    for number, pages in enumerate(joins, start=total - len(joins)):
        loaded.article[pages[0]] = number
        loaded.columns.into[loaded.document[pages]] = number


def _damage(units: list[tuple[Unit, dict[str, Any]]]) -> list[tuple[str, int, int, str]]:
    found = []
    records: Counter[str] = Counter()
    for unit, note in units:
        if note["damage"]:
            offset, complete, why = note["damage"]
            found.append((unit.file, offset, records[unit.file] + complete, why))
        records[unit.file] += note["records"]
    return found
