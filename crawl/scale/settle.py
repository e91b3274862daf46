"""The block that settles which documents are kept, over the light rows of all pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.pipeline.base import PipelineStep

from gonerd.crawl.dedup.columns import address_key
from gonerd.crawl.dedup.records import Duplicate
from gonerd.crawl.dedup.settle import ADDRESS, JOINED, KEPT, REASONS, SUPERSEDED, TEXT, Settled, clustered, settle
from gonerd.crawl.extraction.sieve import REVISIT
from gonerd.dataset.near import similarity
from gonerd.errors import GonerdError
from gonerd.files import write_json
from gonerd.records import Rejected
from gonerd.tables import write_table

from .load import Loaded, load
from .plan import Plan
from .unit_files import read_rows_of

MADE, KEPT_FILE, COUNTS = "made", "kept.npy", "counts.json"
REJECTED, DUPLICATES = "rejected", "duplicates"
STAGE, UNRESOLVED = "extract", "revisit-unresolved"
_ROWS_PER_SHARD = 20_000
_COLUMNS = ["url", "record_id", "reason", "detail", "original", "original_url", "id", "cited", "group", "number"]


@dataclass(frozen=True, slots=True)
class _Name:
    """How a document is named in a message."""

    id: str
    cited: str
    url: str
    record: str


class Settle(PipelineStep):  # type: ignore[misc]
    """Writes what is rejected, the clusters of duplicates, and a list of what is kept.

    Runs as one task. Memory: the columns take 580 bytes a document and settling them as much again, measured in
    benchmarks/extract_scale.py; texts are never read.

    Args:
        work: The working folder.
    """

    type, name = "DEDUP", "settle"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """Settles; yields nothing."""
        plan = Plan.read(self.work)
        loaded = load(self.work, plan)
        if not len(loaded.document):
            raise GonerdError(
                f"{', '.join(plan.files)}: no page among {loaded.others} responses; "
                "crawl a seed that lists pages, or check the path"
            )
        settled = settle(loaded.columns, plan.settings.near)
        final = _final_documents(loaded)
        kept = final[final >= 0]
        kept = kept[settled.verdict[kept] == KEPT]
        made = self.work / MADE
        made.mkdir(exist_ok=True)
        np.save(made / KEPT_FILE, np.stack([loaded.unit[kept], loaded.row[kept]], axis=1))
        members = clustered(settled)
        names = _names(self.work, loaded, [*settled.stands[settled.verdict != KEPT], *members])
        reasons: Counter[str] = Counter()
        rejected = _rejected(self.work, loaded, settled, final, names)
        write_table(made / REJECTED, _counted(rejected, reasons), Rejected, _ROWS_PER_SHARD)
        write_table(made / DUPLICATES, _duplicates(loaded, settled, members, names), Duplicate, _ROWS_PER_SHARD)
        write_json(
            made / COUNTS,
            {
                "pages": len(loaded.document),
                "kept": len(kept),
                "rejected": dict(sorted(reasons.items())),
                "not_a_page": loaded.others,
                "joined_articles": len(loaded.article),
                "clusters": len(set(settled.cluster[members].tolist())),
                "damaged": loaded.damaged,
                "units": loaded.keys,
            },
        )
        yield from ()


def _final_documents(loaded: Loaded) -> Any:
    """Returns for every page the document that it ends in: the article's, where it is the first of its parts."""
    final = loaded.document.copy()
    for page, article in loaded.article.items():
        final[page] = article
    return final


def _pages(work: Path, loaded: Loaded) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (number, row) of every page, and then of every joined article."""
    number = 0
    for key in loaded.keys:
        for row in read_rows_of(work, key, _COLUMNS).to_pylist():
            yield number, row
            number += 1


def _names(work: Path, loaded: Loaded, wanted: Iterable[int]) -> dict[int, _Name]:
    missing = set(map(int, wanted))
    found: dict[int, _Name] = {}
    document = 0
    for _, row in _pages(work, loaded) if missing else ():
        if row["reason"]:
            continue
        if document in missing:
            url = row["url"] if "://" in row["url"] else row["cited"]
            found[document] = _Name(row["id"], row["cited"], url, row["record_id"])
        document += 1
    return found


def _rejected(work: Path, loaded: Loaded, settled: Settled, final: Any, names: dict[int, _Name]) -> Iterator[Rejected]:
    """Yields every page that is not kept, in order."""
    count, addresses = len(loaded.document), _Addresses(loaded.columns.address)
    for number, row in _pages(work, loaded):
        if number == count:
            return
        document = final[number]
        if row["reason"] == REVISIT and address_key(row["original_url"]) not in addresses:
            what = row["original"] or row["original_url"]
            yield Rejected(row["url"], UNRESOLVED, f"{what}, which it repeats, gave no document here", STAGE)
        elif document < 0:
            yield Rejected(row["url"], row["reason"], row["detail"], STAGE)
        elif (verdict := settled.verdict[document]) != KEPT:
            other = names[int(settled.stands[document])]
            yield Rejected(row["url"], REASONS[verdict], _detail(loaded, settled, document, other, row), STAGE)


class _Addresses:
    """Whether a document came from an address, without an object for each."""

    def __init__(self, addresses: Any) -> None:
        self._sorted = np.sort(addresses)

    def __contains__(self, key: int) -> bool:
        at = int(np.searchsorted(self._sorted, np.uint64(key)))
        return at < len(self._sorted) and int(self._sorted[at]) == key


def _detail(loaded: Loaded, settled: Settled, document: int, other: _Name, row: dict[str, Any]) -> str:
    verdict = settled.verdict[document]
    if verdict == SUPERSEDED:
        return f"fetched again later, record {other.record}"
    if verdict == ADDRESS:
        return f"document {other.id} comes from {other.url}"
    if verdict == TEXT:
        return f"the same text as {other.url}"
    if verdict == JOINED:
        return f"part {row['number']} of {other.cited}"
    return f"{_similarity(loaded, document, settled.stands[document]):.2f} the same as {other.url}"


def _similarity(loaded: Loaded, a: int, b: int) -> float:
    return similarity(loaded.columns.signature[a], loaded.columns.signature[b])


def _duplicates(loaded: Loaded, settled: Settled, members: list[int], names: dict[int, _Name]) -> Iterator[Duplicate]:
    """Yields the members of every cluster, cluster by cluster, the first-ranked of each first."""
    # A cluster is named by its first-ranked document, which may itself be left out only by a better one: never.
    for one in sorted(members, key=lambda one: (settled.cluster[one], one != settled.cluster[one], one)):
        stands = int(settled.stands[one])
        yield Duplicate(
            cluster=names[int(settled.cluster[one])].id,
            id=names[one].id,
            url=names[one].cited,
            reason=REASONS[settled.verdict[one]],
            representative=names[stands].id,
            similarity=round(_similarity(loaded, one, stands), 4),
        )


def _counted(items: Iterable[Rejected], reasons: Counter[str]) -> Iterator[Rejected]:
    for item in items:
        reasons[item.reason] += 1
        yield item
