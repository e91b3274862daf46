"""What the store keeps of a page that has arrived whole."""

from __future__ import annotations

from typing import Any

from scrapy.http import Response

from gonerd.crawl.warc.capture import Capture
from gonerd.crawl.warc.fields import REVISIT

from .job import Job
from .keys import page_key
from .outcomes import FETCHED
from .store import Row

_VALIDATORS = (("etag", "ETag"), ("last_modified", "Last-Modified"))


def arrived(job: Job, row: Row, response: Response, capture: Capture) -> None:
    """Settles a page as fetched, with what a later crawl needs to ask whether it has changed.

    Args:
        job: The crawl.
        row: The page as it stood in the store when it was asked for.
        response: What came, with status 200 or 304.
        capture: Where it stands.
    """
    same = capture.mime == REVISIT
    values: dict[str, Any] = {"final": page_key(capture.url)}
    if not same:
        values |= {"address": capture.url, "fetched": capture.date, "digest": capture.digest}
    for column, name in _VALIDATORS:
        value = response.headers.get(name)
        if value or not same:
            values[column] = (value or b"").decode("latin-1")
    names = ", ".join(f"{name} = ?" for name in values)
    job.store.run(f"UPDATE pages SET {names} WHERE key = ?", *values.values(), row["key"])
    job.frontier.settle(row["key"], FETCHED, change="unchanged" if same else "updated" if row["digest"] else "")
