"""The account of a crawl: every listed page ends as fetched, already there, or skipped for a reason."""

from __future__ import annotations

import json
from pathlib import Path

from gonerd.crawl.warc.capture import Capture
from gonerd.crawl.warc.cdxj import write_index
from gonerd.files import new_file, write_json

from .job import Job
from .outcomes import FETCHED, LIMIT, UNFINISHED
from .summary import CrawlSummary, FailedListing

SUMMARY, SKIPPED, INDEX = "crawl.json", "skipped.jsonl", "index.cdxj"
_ENDING = f"CASE WHEN state = 'open' THEN '{UNFINISHED}' ELSE reason END"


def write_report(job: Job, versions: dict[str, str]) -> CrawlSummary:
    """Writes `crawl.json`, `skipped.jsonl` and `index.cdxj` into the crawl's folder.

    Args:
        job: The crawl, at its end.
        versions: Versions of what took part.

    Returns:
        The counts.
    """
    out = job.settings.out
    summary = _count(job)
    _write_skipped(job, out / SKIPPED)
    columns = ", ".join(Capture._fields)
    captures = (Capture(*row) for row in job.store.walk(f"SELECT {columns} FROM captures"))
    write_index(out / INDEX, (capture.line() for capture in captures))
    values = {"overrides": job.settings.overrides(), "settings": job.settings.model_dump(mode="json")}
    write_json(out / SUMMARY, {**summary.model_dump(), **values, "versions": versions})
    return summary


def _count(job: Job) -> CrawlSummary:
    store, current = job.store, job.frontier.round
    counts = {
        (row[0], bool(row[1]), row[2]): row[3]
        for row in store.rows(
            f"SELECT {_ENDING}, run = ?, change, COUNT(*) FROM entries WHERE round = ? GROUP BY 1, 2, 3",
            current.run, current.id,
        )
    }  # fmt: skip
    stored = {key: count for key, count in counts.items() if key[0] == FETCHED}
    unchanged = sum(n for (_, now, change), n in stored.items() if now and change == "unchanged")
    fetched = sum(n for (_, now, _), n in stored.items() if now) - unchanged
    skipped: dict[str, int] = {}
    for (reason, _, _), count in sorted(counts.items()):
        if reason != FETCHED:
            skipped[reason] = skipped.get(reason, 0) + count
    failed = store.rows("SELECT * FROM listings WHERE round = ? AND state = 'failed' ORDER BY id", current.id)
    return CrawlSummary(
        listed=sum(counts.values()),
        fetched=fetched,
        updated=sum(n for (_, now, change), n in stored.items() if now and change == "updated"),
        already=sum(stored.values()) - fetched,
        unchanged=unchanged,
        skipped=skipped,
        repeated=store.value("SELECT repeated FROM rounds WHERE id = ?", current.id),
        unread_listings=sum(row["reason"] == LIMIT for row in failed),
        failed_listings=[
            FailedListing(url=row["url"], reason=row["reason"], detail=row["detail"])
            for row in failed
            if row["reason"] != LIMIT
        ],
        bytes=job.warc.bytes,
        warc_files=sorted(path.name for path in job.settings.out.glob("*.warc.gz")),
    )


def _write_skipped(job: Job, path: Path) -> None:
    """Writes one JSON line (url, reason, detail) per skipped page, in the order of listing."""
    query = (
        f"SELECT p.url, {_ENDING.replace('reason', 'e.reason')} AS reason, e.detail FROM entries e "
        "JOIN pages p ON p.key = e.key WHERE e.round = ? AND e.reason <> ? ORDER BY e.seq"
    )
    with new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
        for row in job.store.walk(query, job.frontier.round.id, FETCHED):
            detail = row["detail"] or (
                f"the crawler stopped: {job.finish_reason}" if row["reason"] == UNFINISHED else ""
            )
            line = {"url": row["url"], "reason": row["reason"], "detail": detail}
            handle.write(json.dumps(line, ensure_ascii=False) + "\n")
