"""What the parts of a running crawl share, and how they say that a request is not made."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.exceptions import IgnoreRequest

from gonerd.crawl.hosts import HostPolicy
from gonerd.crawl.listings import ListingReader
from gonerd.crawl.warc.write import WarcStore

from .ledger import Ledger
from .seen import SeenPages
from .settings import CrawlSettings

# Keys of `Request.meta`.
ROLE_KEY, LISTED_KEY = "gonerd_role", "gonerd_listed"
LIMIT = "limit"


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
        source: Reads the listings of the seed's kind.
        policy: Says which hosts may be asked.
        store: Takes the exchanges.
        seen: Knows what earlier runs stored.
        ledger: Takes the outcomes.
        user_agent: How the crawler presents itself.
        taken: Listed pages that count towards the limit.
        storage_error: Why an exchange could not be written, if one could not.
        finish_reason: Why the crawler stopped.
    """

    settings: CrawlSettings
    source: ListingReader
    policy: HostPolicy
    store: WarcStore
    seen: SeenPages
    ledger: Ledger
    user_agent: str
    taken: int = 0
    storage_error: OSError | None = None
    finish_reason: str = ""

    @property
    def full(self) -> bool:
        """Whether as many pages were taken as were asked for."""
        return self.settings.limit is not None and self.taken >= self.settings.limit
