"""WARC files to documents: every page is kept or rejected for a reason, and the counts reconcile."""

from __future__ import annotations

import logging
from collections import Counter
from importlib import metadata
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gonerd import __version__
from gonerd.crawl.warc.pages import read_pages, warc_files
from gonerd.crawl.warc.read import DamagedWarc, count_records
from gonerd.errors import GonerdError
from gonerd.files import new_folder, write_json
from gonerd.progress import track
from gonerd.records import Document, Rejected
from gonerd.tables import write_table

from .page import EXTRACTOR, MIN_CHARACTERS
from .sieve import Sieve

SUMMARY, REJECTED = "extract.json", "rejected"


class Damage(BaseModel):
    """A WARC file that was taken although it is damaged."""

    model_config = ConfigDict(extra="forbid")

    file: str
    offset: int
    complete_records: int
    problem: str


class ExtractSummary(BaseModel):
    """Counts of one extraction: pages = kept + the rejected ones.

    Attributes:
        pages: Page responses that were looked at.
        kept: Documents written.
        rejected: Pages that became no document, by reason.
        not_a_page: Other responses: robots.txt, sitemaps, redirects.
        damaged: Damaged files of which the complete records were taken.
        warc_files: Names of the files that were read.
        extractor: Name and version of the extractor.
        versions: Versions of what else took part.
    """

    model_config = ConfigDict(extra="forbid")

    pages: int
    kept: int
    rejected: dict[str, int]
    not_a_page: int
    damaged: list[Damage]
    warc_files: list[str]
    extractor: str
    versions: dict[str, str]


def extract(source: Path, out: Path, *, limit: int | None = None, keep_complete: bool = False) -> ExtractSummary:
    """Writes the documents of WARC files to a folder.

    Args:
        source: A folder of WARC files, or one file.
        out: Folder for `*.parquet`, `rejected/*.parquet` and `extract.json`; replaced as a whole.
        limit: Look at no more than this many pages.
        keep_complete: Take the complete records of a damaged file instead of refusing it.

    Returns:
        The counts, which also stand in `extract.json`.

    Raises:
        GonerdError: There is nothing to read, a file is damaged, or `out` holds something else.
    """
    silence_libraries()
    files = warc_files(source)
    sound, damaged = _checked(files, keep_complete=keep_complete)
    counts: Counter[str] = Counter()
    sieve = Sieve()
    pages = (page for path in files for page in read_pages(path, sound[path], counts))
    with new_folder(out) as folder:
        kept = write_table(folder, sieve.documents(track(islice(pages, limit), "extract")), Document)
        if not sieve.pages:
            raise GonerdError(
                f"{source}: no page among {counts['not-a-page']} responses; "
                "crawl a seed that lists pages, or check the path"
            )
        write_table(folder / REJECTED, sieve.rejected, Rejected)
        summary = ExtractSummary(
            pages=sieve.pages,
            kept=kept,
            rejected=dict(sorted(Counter(item.reason for item in sieve.rejected).items())),
            not_a_page=counts["not-a-page"],
            damaged=damaged,
            warc_files=[path.name for path in files],
            extractor=EXTRACTOR,
            versions={"gonerd": __version__}
            | {name: metadata.version(name) for name in ("warcio", "lxml", "htmldate")},
        )
        write_json(folder / SUMMARY, {**summary.model_dump(), "min_characters": MIN_CHARACTERS, "limit": limit})
    return summary


def _checked(files: list[Path], *, keep_complete: bool) -> tuple[dict[Path, int], list[Damage]]:
    """Reads every file to its end before anything is extracted, so that damage shows at once."""
    sound: dict[Path, int] = {}
    damaged = []
    for path in track(files, "check"):
        try:
            sound[path] = count_records(path)
        except DamagedWarc as damage:
            if not keep_complete:
                raise
            sound[path] = damage.records
            damaged.append(
                Damage(file=path.name, offset=damage.offset, complete_records=damage.records, problem=damage.why)
            )
    return sound, damaged


def silence_libraries() -> None:
    """Keeps libraries from printing what the reasons of rejected pages already say."""
    # They log what the reasons here already say; without any handler Python would print it.
    for name in ("trafilatura", "htmldate", "charset_normalizer"):
        logging.getLogger(name).addHandler(logging.NullHandler())
