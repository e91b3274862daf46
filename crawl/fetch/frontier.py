"""The frontier: listings to read, pages to fetch, each in the order in which it was listed, kept in the store."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.listings import Entry, Listing
from gonerd.crawl.sources import SOURCES

from .keys import page_key
from .outcomes import DEPTH, FETCHED, HOST_LIMIT, INVALID_URL, LIMIT, NOT_A_PAGE, OFFSITE, RETRY_LATER, is_lasting
from .rounds import Round
from .seeds import Start
from .settings import CrawlSettings
from .store import Store

Row = sqlite3.Row
_PART = 1000  # entries of a listing that are entered without a break


class Read(NamedTuple):
    """What the response of a listing said of itself.

    Attributes:
        etag: Its ETag.
        last_modified: Its Last-Modified.
        digest: Hash of its content; empty where it was not sent again.
    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""


ALL, CHANGED = "all", "changed"


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
        self.store, self.settings, self.policy, self.round = store, settings, policy, current
        self._watch = watch
        count = "SELECT COUNT(*) FROM pages WHERE round = ?"
        self._listed = int(store.value(count, current.id))
        self._settled = int(store.value(count + " AND state <> 'open'", current.id))
        # Counts up with everything that is opened, so that what was known before is found again among what is new.
        highest = "SELECT MAX(seq) FROM (SELECT MAX(seq) AS seq FROM pages UNION ALL SELECT MAX(seq) FROM listings)"
        self._seq = int(store.value(highest) or 0)
        counted = "SELECT source, COUNT(*) FROM pages WHERE round = ? AND counts GROUP BY source"
        self._taken: Counter[str] = Counter({row[0]: row[1] for row in store.rows(counted, current.id)})
        counted = "SELECT host, COUNT(*) FROM pages WHERE round = ? AND counts GROUP BY host"
        self._of_host: Counter[str] = Counter({row[0]: row[1] for row in store.rows(counted, current.id)})

    def begin(self, starts: Iterable[Start]) -> None:
        """Enters what the seeds name, unless the round has it already."""
        with self.store.transaction():
            for start in starts:
                values = {"kind": start.kind, "options": json.dumps(dict(start.options)), "depth": 0, "parent": None}
                values |= {"source": start.source, "domain": start.domain, "scope": ""}
                for url, _ in start.listing.listings:
                    self._add_listing(url, values)
                listed = {"id": None, "source": start.source, "domain": start.domain, "scope": ""}
                for entry in start.listing.pages:
                    self._add_page(entry, listed)

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
        scope = listing["scope"] or host_of(listing["url"])
        begin = listing["position"] if listing["digest"] == read.digest else 0
        with self.store.transaction():
            values = {"kind": listing["kind"], "options": listing["options"], "depth": listing["depth"] + 1}
            values |= {name: listing[name] for name in ("source", "domain")} | {"parent": listing["id"], "scope": scope}
            for url, _ in found.listings if begin == 0 else ():
                self._add_listing(url, values)
        listed = {name: listing[name] for name in ("id", "source", "domain")} | {"scope": scope}
        for position in range(begin, len(found.pages), _PART):
            with self.store.transaction():
                part = found.pages[position : position + _PART]
                for entry in part:
                    self._add_page(entry, listed)
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
        rows = self.store.rows("SELECT url, modified FROM pages WHERE listing = ? ORDER BY seq", listing["id"])
        further = self.store.rows("SELECT url FROM listings WHERE parent = ? ORDER BY seq", listing["id"])
        named = Listing(tuple(Entry(*row) for row in rows), tuple(Entry(row[0]) for row in further))
        return self.read(listing, named, Read(listing["etag"], listing["last_modified"]))

    def fail_listing(self, listing_id: int, reason: str, detail: str) -> None:
        """Notes a listing that could not be read."""
        self.store.run(
            "UPDATE listings SET state = 'failed', reason = ?, detail = ? WHERE id = ?", reason, detail, listing_id
        )

    def settle(self, key: str, reason: str, detail: str = "") -> None:
        """Notes how a page ended, unless it has an ending already."""
        with self.store.transaction():
            self.store.run(
                "UPDATE pages SET state = 'ended', reason = ?, detail = ?, run = ? WHERE key = ? AND state = 'open'",
                reason, detail, self.round.run, key,
            )  # fmt: skip
        self.note_settled()

    def postpone(self, host: str, detail: str) -> None:
        """Leaves the open pages of a host for another run."""
        with self.store.transaction():
            query = "UPDATE pages SET state = 'ended', reason = ?, detail = ?, run = ? "
            query += "WHERE round = ? AND host = ? AND state = 'open'"
            self.store.run(query, RETRY_LATER, detail, self.round.run, self.round.id, host)
        self._watch(self._settled, self._listed)

    def note_settled(self) -> None:
        """Moves the progress on by one page."""
        self._settled += 1
        self._watch(self._settled, self._listed)

    def holder(self, key: str, listed: str) -> str | None:
        """Returns the listed address under which another page is stored whose final address is `key`, if there is."""
        query = "SELECT url FROM pages WHERE final = ? AND final <> '' AND key <> ? AND reason = ? LIMIT 1"
        found: str | None = self.store.value(query, key, listed, FETCHED)
        return found

    def _add_listing(self, url: str, values: dict[str, object]) -> None:
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

    def _listing_problem(self, url: str, values: dict[str, object]) -> tuple[str, str]:
        if problem := url_problem(url):
            return INVALID_URL, problem
        if self._offsite(url, str(values["scope"]), str(values["source"])):
            return OFFSITE, f"not on {values['scope'] or 'a host of the source'}"
        if int(str(values["depth"])) > self.settings.max_depth:
            return DEPTH, f"deeper than {self.settings.max_depth} listings; raise it with --set max_depth=N"
        return "", ""

    def _add_page(self, entry: Entry, listing: Mapping[str, object]) -> None:
        key = page_key(entry.url)
        old = self.store.row("SELECT * FROM pages WHERE key = ?", key)
        if old is not None and old["round"] == self.round.id:
            self._repeated()
            return
        source = str(listing["source"])
        reason, detail = self._refusal(entry.url, str(listing["scope"]), source)
        host = "" if reason == INVALID_URL else host_of(entry.url)
        if not reason and self.full(source):
            reason, detail = LIMIT, "beyond --limit"
        elif not reason and self._of_host[host] >= self.settings.max_pages_per_host:
            reason, detail = HOST_LIMIT, f"beyond {self.settings.max_pages_per_host} pages of {host}"
        counts = not reason
        self._taken[source] += counts
        self._of_host[host] += counts
        self._listed += 1
        self._seq += 1
        row = {"key": key, "url": entry.url, "host": host, "listing": listing["id"], "source": source}
        row |= {"domain": listing["domain"], "modified": entry.modified, "round": self.round.id, "seq": self._seq}
        if old is not None:
            row = {**dict(old), **row}
        if counts and old is not None and is_lasting(old["reason"]) and not self._due(old, entry):
            self._settled += 1
        elif counts:
            row |= {"state": "open", "reason": "", "detail": ""}
        elif old is None or not is_lasting(old["reason"]):
            row |= {"state": "ended", "reason": reason, "detail": detail}
            self._settled += 1
        else:  # stored before, and not asked for now
            self._settled += 1
        row["counts"] = int(counts)
        self.store.insert("pages", row)

    def _repeated(self) -> None:
        self.store.run("UPDATE rounds SET repeated = repeated + 1 WHERE id = ?", self.round.id)

    def _due(self, old: Row, entry: Entry) -> bool:
        """Whether a page that ended in an earlier round is asked for again."""
        if self.settings.refresh == ALL:
            return True
        changed = entry.modified and entry.modified != old["modified"]
        return bool(self.settings.refresh == CHANGED and changed and old["reason"] == FETCHED)

    def _refusal(self, url: str, scope: str, source: str) -> tuple[str, str]:
        if problem := url_problem(url):
            return INVALID_URL, problem
        if self._offsite(url, scope, source):
            return OFFSITE, f"not on {scope or 'a host of the source'}; allow it with --allow-host {host_of(url)}"
        if source in self.settings.sources:
            pattern = SOURCES.get(source).pages
            if pattern and not re.fullmatch(pattern, url):
                return NOT_A_PAGE, f"the source {source} takes addresses like {pattern}"
        return "", ""

    def _offsite(self, url: str, scope: str, source: str) -> bool:
        host = host_of(url)
        if host in self.policy.allowed:
            return False
        if source in self.settings.sources:
            return host not in SOURCES.get(source).hosts
        return bool(scope) and host != scope
