"""The intake of the frontier: which listed addresses are to be asked for in a round, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gonerd.crawl.hosts import HostPolicy, host_of, url_problem
from gonerd.crawl.listings import Entry

from .admission import Admission, latest
from .keys import page_key
from .outcomes import DEPTH, HOST_LIMIT, INVALID_URL, LIMIT, OFFSITE, is_lasting
from .rounds import Round
from .settings import CrawlSettings
from .store import Row, Store


class Intake:
    """Enters listings and pages into the store, each once a round; a part of its caller's transaction.

    Args:
        store: The crawl's store.
        settings: What was asked for.
        policy: Says which hosts may be asked.
        current: The round that is being made.

    Attributes:
        new_hosts: Hosts of pages that were opened since the scheduler looked last.
        listed: Pages that the round has.
        settled: Those of them that need no request any more.
    """

    def __init__(self, store: Store, settings: CrawlSettings, policy: HostPolicy, current: Round) -> None:
        self.store, self.settings, self.round = store, settings, current
        self.admission = Admission(settings, policy)
        self.new_hosts: set[str] = set()
        count = "SELECT COUNT(*) FROM entries WHERE round = ?"
        self.listed = int(store.value(count, current.id))
        self.settled = int(store.value(count + " AND state <> 'open'", current.id))
        # Counts up with everything that is opened, so that what was known before is found again among what is new.
        highest = "SELECT MAX(seq) FROM (SELECT MAX(seq) AS seq FROM entries UNION ALL SELECT MAX(seq) FROM listings)"
        self._seq = int(store.value(highest) or 0)
        self._taken = self._counted("source")
        self._of_host = self._counted("host")

    def _counted(self, column: str) -> Counter[str]:
        query = f"SELECT {column}, COUNT(*) FROM entries WHERE round = ? AND counts GROUP BY {column}"
        return Counter({row[0]: row[1] for row in self.store.rows(query, self.round.id)})

    def full(self, source: str) -> bool:
        """Whether as many pages of a source were taken as were asked for."""
        return self.settings.limit is not None and self._taken[source] >= self.settings.limit

    def add_listing(self, url: str, values: Mapping[str, Any]) -> None:
        """Enters a listing, to be read unless it lies elsewhere or too deep.

        Args:
            url: Its address.
            values: Columns of its row that follow from the seed or from the listing that named it.
        """
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

    def add_page(self, entry: Entry, listing: Mapping[str, Any], scope: frozenset[str], *, again: bool = False) -> None:
        """Enters a page, to be fetched unless it is refused, beyond a limit, or stored and not due.

        Args:
            entry: What names it.
            listing: Row of the listing that named it, or what stands for one.
            scope: Hosts that the listing may name pages of.
            again: Whether the same seed may name it once more, as after a kill.
        """
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
        self.listed += 1
        self.settled += state == "ended"
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
