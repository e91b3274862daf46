"""The last block: the summary, and the documents' folder under its final name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from gonerd.crawl.extraction.page import MIN_CHARACTERS
from gonerd.crawl.extraction.summary import SUMMARY, Damage, ExtractSummary
from gonerd.files import new_folder, write_json

from .plan import ExtractSettings, Plan
from .settle import COUNTS, DUPLICATES, MADE, REJECTED
from .unit_files import UNITS, read_json_of


class Finish(PipelineStep):  # type: ignore[misc]
    """Moves what was made to its final place, whole, and removes the units.

    Args:
        work: The working folder.
    """

    type, name = "WRITER", "finish"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Path]:
        """Yields the folder."""
        plan, made = Plan.read(self.work), self.work / MADE
        summary = _summary(plan, made)
        with new_folder(Path(plan.out)) as folder:
            for path in sorted(made.glob("part-*.parquet")):
                shutil.move(path, folder / path.name)
            for name in (REJECTED, DUPLICATES):
                shutil.move(made / name, folder / name)
            write_json(folder / SUMMARY, summary.model_dump())
        for name in (UNITS, MADE):
            shutil.rmtree(self.work / name)
        yield Path(plan.out)


def _summary(plan: Plan, made: Path) -> ExtractSummary:
    counts = read_json_of(made / COUNTS)
    defaults, settings = ExtractSettings().model_dump(), plan.settings.model_dump(mode="json")
    versions = dict(plan.versions)
    return ExtractSummary(
        **{name: counts[name] for name in ("pages", "kept", "rejected", "not_a_page", "joined_articles", "clusters")},
        damaged=[
            Damage(file=file.rsplit("/", 1)[-1], offset=offset, complete_records=records, problem=why)
            for file, offset, records, why in counts["damaged"]
        ],
        warc_files=[file.rsplit("/", 1)[-1] for file in plan.files],
        extractor=versions.pop("extractor"),
        versions=versions,
        min_characters=MIN_CHARACTERS,
        near=plan.settings.near,
        limit=plan.settings.limit,
        settings={
            name: value for name, value in settings.items() if name not in ("near", "limit") and value != defaults[name]
        },
    )
