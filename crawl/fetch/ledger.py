"""The account of a crawl: every listed page ends as fetched, already there, or skipped for a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from w3lib.url import canonicalize_url

from gonerd.files import new_file

from .settings import CrawlSummary, FailedListing

FETCHED, ALREADY = "fetched", "already"
_OPEN = ""


def page_key(url: str) -> str:
    """Returns what makes two spellings of a URL the same page, as the duplicate filter of the crawler sees it."""
    try:
        return str(canonicalize_url(url))
    except ValueError:  # not a URL at all; it is still listed, once, and skipped with a reason
        return url


@dataclass(slots=True)
class _Entry:
    url: str
    outcome: str = _OPEN
    detail: str = ""


class Ledger:
    """Keeps one entry per listed page.

    Args:
        watch: Called with (settled, listed) after every change.
    """

    def __init__(self, watch: Callable[[int, int], None] = lambda settled, listed: None) -> None:
        self._entries: dict[str, _Entry] = {}
        self._watch = watch
        self._settled = 0
        self.repeated = 0
        self.unread_listings = 0
        self.failed_listings: list[FailedListing] = []

    def add(self, url: str) -> bool:
        """Enters a listed page; False if it was listed before."""
        key = page_key(url)
        if key in self._entries:
            self.repeated += 1
            return False
        self._entries[key] = _Entry(url)
        self._watch(self._settled, len(self._entries))
        return True

    def settle(self, url: str, outcome: str, detail: str = "") -> None:
        """Notes how a listed page ended; the first word counts."""
        entry = self._entries[page_key(url)]
        if entry.outcome == _OPEN:
            entry.outcome, entry.detail = outcome, detail
            self._settled += 1
            self._watch(self._settled, len(self._entries))

    def settle_rest(self, reason: str, detail: str) -> None:
        """Gives every page that has no outcome yet the same reason."""
        for entry in self._entries.values():
            if entry.outcome == _OPEN:
                entry.outcome, entry.detail = reason, detail

    def fail_listing(self, url: str, reason: str, detail: str) -> None:
        """Notes a sitemap or feed that could not be read."""
        self.failed_listings.append(FailedListing(url=url, reason=reason, detail=detail))

    def summary(self, written: int, warc_files: list[str]) -> CrawlSummary:
        """Counts the entries."""
        counts = Counter(entry.outcome for entry in self._entries.values())
        fetched, already = counts.pop(FETCHED, 0), counts.pop(ALREADY, 0)
        return CrawlSummary(
            listed=len(self._entries),
            fetched=fetched,
            already=already,
            skipped=dict(sorted(counts.items())),
            repeated=self.repeated,
            unread_listings=self.unread_listings,
            failed_listings=self.failed_listings,
            bytes=written,
            warc_files=warc_files,
        )

    def write_skipped(self, path: Path) -> None:
        """Writes one JSON line (url, reason, detail) per skipped page, in the order of listing."""
        with new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as handle:
            for entry in self._entries.values():
                if entry.outcome not in (FETCHED, ALREADY):
                    line = {"url": entry.url, "reason": entry.outcome, "detail": entry.detail}
                    handle.write(json.dumps(line, ensure_ascii=False) + "\n")
