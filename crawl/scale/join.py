"""The block that puts articles together whose parts are pages of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from gonerd.crawl.extraction.parts import Part, join_parts
from gonerd.crawl.extraction.sieve import is_whole
from gonerd.crawl.warc.pages import Spoiled
from gonerd.records import Document

from .extract import sign
from .plan import Plan, Unit
from .rows import Looked
from .unit_files import UnitWriter, read_documents_at, read_rows_of, units_read

JOINED = "joined"
_COLUMNS = ["url", "fetched", "reason", "group", "number", "next_url"]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part stands: page number among all pages, unit, document number within it."""

    page: int
    unit: str
    document: int
    fetched: float
    part: Part


class JoinParts(PipelineStep):  # type: ignore[misc]
    """Writes one more unit, of the articles whose parts are all there; the others stay documents of their own.

    Args:
        work: The working folder.
    """

    type, name = "EXTRACTOR", "articles in parts"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yields the articles."""
        plan = Plan.read(self.work)
        writer = UnitWriter(self.work, joined_key(plan))
        unit = Unit(key=joined_key(plan), file="", start=0, end=None)
        for group, places in self._groups(plan).items():
            if not is_whole(place.part for place in places):
                self.stat_update("incomplete")
                continue
            places.sort(key=lambda place: place.part.number)
            texts = [next(read_documents_at(self.work, place.unit, [place.document])) for place in places]
            page = Looked(unit, Spoiled(f"{JOINED}:{group}", "", ""), document=join_parts(texts))
            sign(page)
            writer.add(page, tuple(place.page for place in places))
            self.stat_update("articles")
            assert page.document is not None
            yield page.document
        writer.close()

    def _groups(self, plan: Plan) -> dict[str, list[_Place]]:
        """Returns the parts of every article, the latest response of each address."""
        latest: dict[str, _Place] = {}
        first = 0
        for unit, notes in units_read(plan, self.work):
            if notes["parts"]:
                _enter_parts(self.work, unit, first, latest)
            first += notes["pages"]
        groups: defaultdict[str, list[_Place]] = defaultdict(list)
        for place in sorted(latest.values(), key=lambda place: place.page):
            if place.part.number not in {one.part.number for one in groups[place.part.group]}:
                groups[place.part.group].append(place)
        return groups


def joined_key(plan: Plan) -> str:
    """Returns the name of the unit of articles that are put together."""
    return f"{JOINED}-{plan.fingerprint}"


def _enter_parts(work: Path, unit: Unit, first: int, latest: dict[str, _Place]) -> None:
    """Enters the parts in a unit by address; a later response takes the place of an earlier one."""
    document = -1
    rows: list[dict[str, Any]] = read_rows_of(work, unit.key, _COLUMNS).to_pylist()
    for number, row in enumerate(rows):
        document += not row["reason"]
        if not row["number"]:
            continue
        fetched = row["fetched"].timestamp() if row["fetched"] else 0.0
        before = latest.get(row["url"])
        if before is None or fetched >= before.fetched:
            part = Part(row["group"], row["number"], row["next_url"] or None)
            latest[row["url"]] = _Place(first + number, unit.key, document, fetched, part)
