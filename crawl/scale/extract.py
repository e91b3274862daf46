"""The blocks of the first stage: read pages, extract documents, sign them, write units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from gonerd.crawl.dedup.text import normal_words, text_key
from gonerd.crawl.extraction.page import Page, Unfit
from gonerd.crawl.extraction.quiet import silence_libraries
from gonerd.crawl.extraction.sieve import sift
from gonerd.crawl.warc.pages import Origin, read_pages
from gonerd.crawl.warc.read import DamagedWarc
from gonerd.dataset.near import signature

from .choice import Choice
from .plan import Plan, Unit
from .rows import Looked, UnitEnd
from .unit_files import UnitWriter, is_done, notes_of

Items = Iterable[Looked | UnitEnd]


class ReadPages(PipelineStep):  # type: ignore[misc]
    """Reads the pages of the units of this task that no earlier run finished.

    Args:
        work: The working folder, with the plan.
    """

    type, name = "READER", "WARC pages"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Looked | UnitEnd]:
        """Yields pages, and an end after those of each unit."""
        plan = Plan.read(self.work)
        left = plan.settings.limit
        for unit in plan.units[rank::world_size]:
            if left is not None and left <= 0:
                return
            if is_done(self.work, unit):
                left = left and left - notes_of(self.work, unit.key)["pages"]
                continue
            pages = 0
            for item in self._unit(unit, plan, left):
                pages += isinstance(item, Looked)
                yield item
            left = left and left - pages

    def _unit(self, unit: Unit, plan: Plan, limit: int | None) -> Iterator[Looked | UnitEnd]:
        counts = Counter[str]()
        damage = None
        pages = read_pages(unit.share, counts, Origin(plan.settings.domain, plan.settings.source))
        try:
            for number, answer in enumerate(pages, start=1):
                self.stat_update("pages")
                yield Looked(unit, answer)
                if number == limit:
                    break
        except DamagedWarc as found:
            if not plan.settings.keep_complete:
                raise
            damage = found
        yield UnitEnd(unit, counts, damage)


class ExtractPages(PipelineStep):  # type: ignore[misc]
    """Extracts the document of every page that is wanted and has one.

    Args:
        choice: Which pages are wanted.
    """

    type, name = "EXTRACTOR", "documents"

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice

    def run(self, data: Items, rank: int = 0, world_size: int = 1) -> Iterator[Looked | UnitEnd]:
        """Yields every page with its document or the reason why it has none."""
        silence_libraries()
        for item in data:
            if isinstance(item, Looked):
                with self.track_time():
                    self._extract(item)
                self.stat_update(item.reason or "documents")
            yield item

    def _extract(self, page: Looked) -> None:
        try:
            if isinstance(page.answer, Page):
                page.answer = self.choice.checked(page.answer)
            found = sift(page.answer)
            page.document, page.part = found.document, found.part
        except Unfit as why:
            page.reason, page.detail = why.reason, why.detail


class SignDocuments(PipelineStep):  # type: ignore[misc]
    """Computes by what documents are compared: the key of the normalised text, and a MinHash signature."""

    type, name = "DEDUP", "signatures"

    def run(self, data: Items, rank: int = 0, world_size: int = 1) -> Iterator[Looked | UnitEnd]:
        """Yields every page, signed where it has a document."""
        for item in data:
            if isinstance(item, Looked) and item.document is not None:
                with self.track_time():
                    sign(item)
            yield item


def sign(page: Looked) -> None:
    """Signs one page that has a document."""
    assert page.document is not None
    words = normal_words(page.document.text)
    page.text_key = text_key(page.document.text, words)
    page.signature = signature(words).astype("<u4").tobytes()


class WriteUnits(PipelineStep):  # type: ignore[misc]
    """Writes every unit's documents and light rows.

    Args:
        work: The working folder.
    """

    type, name = "WRITER", "units"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Items, rank: int = 0, world_size: int = 1) -> Iterator[Unit]:
        """Yields the units that were written."""
        writer = None
        for item in data:
            writer = writer or UnitWriter(self.work, item.unit.key)
            if isinstance(item, UnitEnd):
                writer.close(item)
                writer = None
                yield item.unit
            else:
                writer.add(item)
