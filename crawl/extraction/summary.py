"""What an extraction counts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

SUMMARY = "extract.json"


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
        kept: Documents written; an article put together from several pages counts for the first of them.
        rejected: Pages that became no document of their own, by reason.
        not_a_page: Other responses: robots.txt, sitemaps, redirects.
        joined_articles: Articles that were put together.
        clusters: Groups of documents that say the same, of which each has at least one that is kept.
        damaged: Damaged files of which the complete records were taken.
        warc_files: Names of the files that were read.
        extractor: Name and version of the extractor.
        versions: Versions of what else took part.
        min_characters: Texts below this length are rejected.
        near: Similarity from which documents count as near-duplicates, None where they are kept.
        limit: Most pages to look at.
        settings: Further settings that differ from the defaults.
    """

    model_config = ConfigDict(extra="forbid")

    pages: int
    kept: int
    rejected: dict[str, int]
    not_a_page: int
    joined_articles: int
    clusters: int
    damaged: list[Damage]
    warc_files: list[str]
    extractor: str
    versions: dict[str, str]
    min_characters: int
    near: float | None
    limit: int | None
    settings: dict[str, object]
