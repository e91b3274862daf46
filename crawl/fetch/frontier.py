"""The frontier: listings to read, pages to fetch, each in the order in which it was listed, kept in the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gonerd.crawl.hosts import HostPolicy, host_of
from gonerd.crawl.listings import Listing

from .intake import Intake
from .outcomes import FETCHED, RETRY_LATER
from .relisting import forget_names, keep_names, named_before
from .rounds import Round
from .seeds import Start
from .settings import CrawlSettings
from .store import Row, Store

_PART = 1000  # names of a listing that are entered without a break


class Read(NamedTuple):
    """What the response of a listing said of itself.

    Attributes:
        etag: Its ETag.
        last_modified: Its Last-Modified.
        digest: Hash of its content; empty where it was not sent again.
        host: Host that answered.
    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    host: str = ""


class Frontier:
    """Takes listed addresses in and hands them out again.

    Args:
        store: The crawl's store.
        settings: What was asked for.
        policy: Says which hosts may be asked.
        current: The round that is being made.
        watch: Called with (settled, listed) after every change.

    Attributes:
        intake: Says which listed addresses are to be asked for.
    """

    def __init__(
        self,
        store: Store,
        settings: CrawlSettings,
        policy: HostPolicy,
        current: Round,
        watch: Callable[[int, int], None] = lambda settled, listed: None,
    ) -> None:
        self.store, self.round = store, current
        self.intake = Intake(store, settings, policy, current)
        self._watch = watch

    def begin(self, starts: Iterable[Start]) -> None:
        """Enters what the seeds name, unless the round has it already."""
        with self.store.transaction():
            for start in starts:
                values = {"kind": start.kind, "options": json.dumps(dict(start.options)), "depth": 0}
                values |= {"source": start.source, "domain": start.domain, "scope": ""}
                for url, _ in start.listing.listings:
                    self.intake.add_listing(url, values)
                for entry in start.listing.pages:
                    self.intake.add_page(entry, values, frozenset(), again=self.round.resumed)

    def read(self, listing: Row, found: Listing, read: Read) -> Iterator[None]:
        """Enters what a listing names, a part at a time, so that a crawl killed within goes on after the last part.

        Args:
            listing: Its row in the store.
            found: What it names.
            read: What its response said of itself.

        Yields:
            After each part; other work may go on meanwhile.
        """
        scope = frozenset(host for host in (listing["scope"] or host_of(listing["url"]), read.host) if host)
        begin = listing["position"] if listing["digest"] == read.digest else 0
        values = {name: listing[name] for name in ("kind", "options", "source", "domain")}
        values["scope"] = ",".join(sorted(scope))
        with self.store.transaction():
            if begin == 0 and read.digest:
                forget_names(self.store, listing["id"])
                keep_names(self.store, listing["id"], 0, found.listings, found.following)
            for url, _ in found.listings if begin == 0 else ():
                self.intake.add_listing(url, values | {"depth": listing["depth"] + 1})
            # The next page of an answer lies no deeper than this one.
            for url, _ in found.following if begin == 0 else ():
                self.intake.add_listing(url, values | {"depth": listing["depth"]})
        first = len(found.listings) + len(found.following)
        for position in range(begin, len(found.pages), _PART):
            with self.store.transaction():
                part = found.pages[position : position + _PART]
                if read.digest:
                    keep_names(self.store, listing["id"], first + position, pages=part)
                for entry in part:
                    self.intake.add_page(entry, values, scope)
                query = "UPDATE listings SET digest = ?, position = ? WHERE id = ?"
                self.store.run(query, read.digest, position + len(part), listing["id"])
            self._watch(self.intake.settled, self.intake.listed)
            yield
        self.store.run(
            "UPDATE listings SET state = 'read', reason = '', detail = '', position = 0, etag = ?, last_modified = ? "
            "WHERE id = ?",
            read.etag, read.last_modified, listing["id"],
        )  # fmt: skip

    def unchanged(self, listing: Row) -> Iterator[None]:
        """Enters again what a listing named when it was read last, since it has not changed."""
        found = named_before(self.store, listing["id"])
        return self.read(listing, found, Read(listing["etag"], listing["last_modified"]))

    def fail_listing(self, listing_id: int, reason: str, detail: str) -> None:
        """Notes a listing that could not be read."""
        self.store.run(
            "UPDATE listings SET state = 'failed', reason = ?, detail = ? WHERE id = ?", reason, detail, listing_id
        )

    def open_pages(self, host: str, after: int, count: int) -> list[Row]:
        """Returns the next open pages of a host, with what is known of each."""
        query = (
            "SELECT p.*, e.seq, e.source, e.domain, e.again FROM entries e JOIN pages p ON p.key = e.key "
            "WHERE e.round = ? AND e.state = 'open' AND e.host = ? AND e.seq > ? ORDER BY e.seq LIMIT ?"
        )
        return self.store.rows(query, self.round.id, host, after, count)

    def settle(self, key: str, reason: str, detail: str = "", change: str = "") -> None:
        """Notes how a page ended, unless it has an ending already; part of a transaction or one by itself."""
        ended = self.store.run_counted(
            "UPDATE entries SET state = 'ended', reason = ?, detail = ?, run = ?, change = ? "
            "WHERE round = ? AND key = ? AND state = 'open'",
            reason, detail, self.round.run, change, self.round.id, key,
        )  # fmt: skip
        if not ended:
            return
        self.store.run("UPDATE pages SET reason = ?, detail = ? WHERE key = ?", reason, detail, key)
        self.intake.settled += 1
        self._watch(self.intake.settled, self.intake.listed)

    def settle_stored(self, row: Row) -> None:
        """Notes that a page needs no request: another seed of the folder, or a run that was killed, has seen to it."""
        self.store.run(
            "UPDATE entries SET state = 'ended', reason = ?, detail = ? WHERE round = ? AND key = ?",
            row["reason"], row["detail"], self.round.id, row["key"],
        )  # fmt: skip
        self.intake.settled += 1

    def postpone(self, host: str, detail: str) -> None:
        """Leaves the open pages of a host for another run."""
        query = "UPDATE entries SET state = 'ended', reason = ?, detail = ?, run = ? "
        query += "WHERE round = ? AND host = ? AND state = 'open'"
        self.intake.settled += self.store.run_counted(query, RETRY_LATER, detail, self.round.run, self.round.id, host)
        self._watch(self.intake.settled, self.intake.listed)

    def holder(self, key: str, listed: str) -> str | None:
        """Returns the listed address under which another page is stored whose final address is `key`, if there is."""
        query = "SELECT url FROM pages WHERE final = ? AND final <> '' AND key <> ? AND reason = ? LIMIT 1"
        found: str | None = self.store.value(query, key, listed, FETCHED)
        return found
