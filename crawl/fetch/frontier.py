"""The frontier: listings to read, pages to fetch, each in the order in which it was listed, kept in the store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.listings import Entry, Listing

from .admission import Admission, latest
from .keys import page_key
from .outcomes import DEPTH, FETCHED, HOST_LIMIT, INVALID_URL, LIMIT, OFFSITE, RETRY_LATER, is_lasting
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
    """

    def __init__(
        self,
        store: Store,
        settings: CrawlSettings,
        policy: HostPolicy,
        current: Round,
        watch: Callable[[int, int], None] = lambda settled, listed: None,
    ) -> None:
        self.store, self.settings, self.round = store, settings, current
        self.admission = Admission(settings, policy)
        self.new_hosts: set[str] = set()  # hosts of pages that were opened since the scheduler looked last
        self._watch = watch
        count = "SELECT COUNT(*) FROM entries WHERE round = ?"
        self._listed = int(store.value(count, current.id))
        self._settled = int(store.value(count + " AND state <> 'open'", current.id))
        # Counts up with everything that is opened, so that what was known before is found again among what is new.
        highest = "SELECT MAX(seq) FROM (SELECT MAX(seq) AS seq FROM entries UNION ALL SELECT MAX(seq) FROM listings)"
        self._seq = int(store.value(highest) or 0)
        self._taken = self._counted("source")
        self._of_host = self._counted("host")

    def _counted(self, column: str) -> Counter[str]:
        query = f"SELECT {column}, COUNT(*) FROM entries WHERE round = ? AND counts GROUP BY {column}"
        return Counter({row[0]: row[1] for row in self.store.rows(query, self.round.id)})

    def begin(self, starts: Iterable[Start]) -> None:
        """Enters what the seeds name, unless the round has it already."""
        with self.store.transaction():
            for start in starts:
                values = {"kind": start.kind, "options": json.dumps(dict(start.options)), "depth": 0}
                values |= {"source": start.source, "domain": start.domain, "scope": ""}
                for url, _ in start.listing.listings:
                    self._add_listing(url, values)
                for entry in start.listing.pages:
                    self._add_page(entry, values, frozenset(), again=self.round.resumed)

    def full(self, source: str) -> bool:
        """Whether as many pages of a source were taken as were asked for."""
        return self.settings.limit is not None and self._taken[source] >= self.settings.limit

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
                self._add_listing(url, values | {"depth": listing["depth"] + 1})
            # The next page of an answer lies no deeper than this one.
            for url, _ in found.following if begin == 0 else ():
                self._add_listing(url, values | {"depth": listing["depth"]})
        first = len(found.listings) + len(found.following)
        for position in range(begin, len(found.pages), _PART):
            with self.store.transaction():
                part = found.pages[position : position + _PART]
                if read.digest:
                    keep_names(self.store, listing["id"], first + position, pages=part)
                for entry in part:
                    self._add_page(entry, values, scope)
                query = "UPDATE listings SET digest = ?, position = ? WHERE id = ?"
                self.store.run(query, read.digest, position + len(part), listing["id"])
            self._watch(self._settled, self._listed)
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
        self._settled += 1
        self._watch(self._settled, self._listed)

    def settle_stored(self, row: Row) -> None:
        """Notes that a page needs no request: another seed of the folder, or a run that was killed, has seen to it."""
        self.store.run(
            "UPDATE entries SET state = 'ended', reason = ?, detail = ? WHERE round = ? AND key = ?",
            row["reason"], row["detail"], self.round.id, row["key"],
        )  # fmt: skip
        self._settled += 1

    def postpone(self, host: str, detail: str) -> None:
        """Leaves the open pages of a host for another run."""
        query = "UPDATE entries SET state = 'ended', reason = ?, detail = ?, run = ? "
        query += "WHERE round = ? AND host = ? AND state = 'open'"
        self._settled += self.store.run_counted(query, RETRY_LATER, detail, self.round.run, self.round.id, host)
        self._watch(self._settled, self._listed)

    def holder(self, key: str, listed: str) -> str | None:
        """Returns the listed address under which another page is stored whose final address is `key`, if there is."""
        query = "SELECT url FROM pages WHERE final = ? AND final <> '' AND key <> ? AND reason = ? LIMIT 1"
        found: str | None = self.store.value(query, key, listed, FETCHED)
        return found

    def _add_listing(self, url: str, values: Mapping[str, Any]) -> None:
        key = page_key(url)
        old = self.store.row("SELECT * FROM listings WHERE key = ?", key)
        if old is not None and old["round"] == self.round.id:
            if not self.round.resumed:
                self._repeated()
            return
        reason, detail = self._listing_problem(url, values)
        self._seq += 1
        row = {"key": key, "url": url, "round": self.round.id, "seq": self._seq, **values}
        row |= {"state": "failed" if reason else "open", "reason": reason, "detail": detail}
        if old is not None:
            row |= {name: old[name] for name in ("id", "etag", "last_modified")}
        self.store.insert("listings", row)

    def _listing_problem(self, url: str, values: Mapping[str, Any]) -> tuple[str, str]:
        if problem := url_problem(url):
            return INVALID_URL, problem
        scope = frozenset(filter(None, values["scope"].split(",")))
        if self.admission.offsite(url, scope, values["source"]):
            return OFFSITE, f"not on {values['scope'] or 'a host of the source'}"
        if values["depth"] > self.settings.max_depth:
            return DEPTH, f"deeper than {self.settings.max_depth} listings; raise it with --set max_depth=N"
        return "", ""

    def _add_page(
        self, entry: Entry, listing: Mapping[str, Any], scope: frozenset[str], *, again: bool = False
    ) -> None:
        key, where = page_key(entry.url), "WHERE round = ? AND key = ?"
        there = self.store.row(f"SELECT named FROM entries {where}", self.round.id, key)
        if there is not None:
            if there["named"] and not again:
                self._repeated()
            elif not there["named"]:
                self.store.run(f"UPDATE entries SET named = 1 {where}", self.round.id, key)
            return
        known = self.store.row("SELECT * FROM pages WHERE key = ?", key)
        source = listing["source"]
        reason, detail = self.admission.page(entry.url, scope, source)
        host = "" if reason == INVALID_URL else host_of(entry.url)
        if not reason and self.full(source):
            reason, detail = LIMIT, "beyond --limit"
        elif not reason and self._of_host[host] >= self.settings.max_pages_per_host:
            reason, detail = HOST_LIMIT, f"beyond {self.settings.max_pages_per_host} pages of {host}"
        counts = not reason
        lasting = known is not None and is_lasting(known["reason"])
        due = bool(counts and known is not None and lasting and self.admission.due(known, entry.modified))
        state = "open" if counts and (due or not lasting) else "ended"
        if state == "ended" and known is not None and lasting:
            reason, detail = known["reason"], known["detail"]
        self._enter(key, entry, known, state)
        self._taken[source] += counts
        self._of_host[host] += counts
        self._listed += 1
        self._settled += state == "ended"
        self._seq += 1
        row = {"round": self.round.id, "key": key, "seq": self._seq, "host": host, "source": source, "named": 1}
        row |= {"domain": listing["domain"], "counts": int(counts), "again": int(due), "state": state}
        self.store.insert("entries", row | {"reason": reason, "detail": detail})
        if state == "open":
            self.new_hosts.add(host)

    def _enter(self, key: str, entry: Entry, known: Row | None, state: str) -> None:
        """Keeps what is known of a page by its address alone."""
        if known is None:
            self.store.insert("pages", {"key": key, "url": entry.url, "modified": entry.modified})
        elif (modified := latest(known["modified"], entry.modified)) != known["modified"]:
            self.store.run("UPDATE pages SET modified = ? WHERE key = ?", modified, key)

    def _repeated(self) -> None:
        self.store.run("UPDATE rounds SET repeated = repeated + 1 WHERE id = ?", self.round.id)
