"""Whether a listed address is taken, and why not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.sources import SOURCES

from .outcomes import FETCHED, INVALID_URL, NOT_A_PAGE, OFFSITE
from .settings import CrawlSettings
from .store import Row

ALL, CHANGED = "all", "changed"


class Admission:
    """Decides about listed addresses.

    Args:
        settings: What was asked for.
        policy: Says which hosts may be asked.
    """

    def __init__(self, settings: CrawlSettings, policy: HostPolicy) -> None:
        self.settings, self.policy = settings, policy

    def page(self, url: str, scope: frozenset[str], source: str) -> tuple[str, str]:
        """Returns (reason, detail) for a page that is not taken, empty ones for one that is."""
        if problem := url_problem(url):
            return INVALID_URL, problem
        if self.offsite(url, scope, source):
            place = ", ".join(sorted(scope)) or f"a host of the source {source}"
            return OFFSITE, f"not on {place}; allow it with --allow-host {host_of(url)}"
        if source in self.settings.sources:
            pattern = SOURCES.get(source).pages
            if pattern and not re.fullmatch(pattern, url):
                return NOT_A_PAGE, f"the source {source} takes addresses like {pattern}"
        return "", ""

    def offsite(self, url: str, scope: frozenset[str], source: str) -> bool:
        """Whether an address lies neither on the hosts that named it nor on allowed ones."""
        host = host_of(url)
        if host in self.policy.allowed:
            return False
        if source in self.settings.sources:
            return host not in SOURCES.get(source).hosts
        return bool(scope) and host not in scope

    def due(self, known: Row, modified: str) -> bool:
        """Whether a page that ended lastingly in an earlier round is asked for again.

        Args:
            known: The page as the store knows it.
            modified: When a listing says that it changed last, as stated.
        """
        if self.settings.refresh == ALL:
            return True
        if self.settings.refresh != CHANGED or known["reason"] != FETCHED:
            return False
        stated, before = _moment(modified), _moment(known["modified"])
        if stated is None or stated == before:
            return False
        # Several listings may date a page differently; only what lies after all of that is news.
        return before is None or stated > before


def latest(one: str, other: str) -> str:
    """Returns which of two statements of a moment is the later one; what cannot be read counts for nothing."""
    first, second = _moment(one), _moment(other)
    if first is None or second is None:
        return one if second is None else other
    return one if first >= second else other


def _moment(stated: str) -> datetime | None:
    """Reads a moment as sitemaps (ISO 8601) and feeds (RFC 822) state it; a day is its beginning."""
    if not stated.strip():
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(stated.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
