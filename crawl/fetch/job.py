"""What the parts of a running crawl share, and how they say that a request is not made."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import Any

from scrapy.exceptions import IgnoreRequest

from gonerd.crawl.hosts import HostPolicy
from gonerd.crawl.warc.write import WarcStore

from .frontier import Frontier
from .settings import CrawlSettings
from .store import Store

# Keys of `Request.meta`: what the request is for, its row in the store, why its download was stopped, what to note.
ROLE_KEY, ROW_KEY, STOP_KEY, NOTES_KEY = "gonerd_role", "gonerd_row", "gonerd_stop", "gonerd_notes"


class Skip(IgnoreRequest):
    """A request that is not made, or not followed up, for a reason that is counted."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass
class Job:
    """The state of one crawl.

    Attributes:
        settings: What was asked for.
        policy: Says which hosts may be asked.
        warc: Takes the exchanges.
        store: Keeps what is known.
        frontier: Hands out what is to be asked for, and takes how it ended.
        user_agent: How the crawler presents itself.
        storage_error: Why an exchange could not be written, if one could not.
        finish_reason: Why the crawler stopped.
    """

    settings: CrawlSettings
    policy: HostPolicy
    warc: WarcStore
    store: Store
    frontier: Frontier
    user_agent: str
    storage_error: Exception | None = None
    finish_reason: str = ""


# What a full disk raises, in a WARC file or in the store.
STORAGE_ERRORS = (OSError, sqlite3.OperationalError)


class JobComponent:
    """A part of the crawling engine that knows the running crawl."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Any:
        """Builds the component for a crawl."""
        return cls(crawler)

    @property
    def job(self) -> Job:
        """The running crawl."""
        job: Job = self.crawler.spider.job
        return job

    def stop_storing(self, error: Exception) -> None:
        """Ends the crawl because something could not be written."""
        if self.job.storage_error is None:
            self.job.storage_error = error
            self._stopping = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="storage"))
