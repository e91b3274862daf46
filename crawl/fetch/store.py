"""The store of a crawl: what is listed, what is fetched and how everything ended, in SQLite.

Each change of state is one transaction, made after the WARC file has what it speaks of, so a killed crawl finds in the
store exactly what it had done. The file is in WAL mode: a killed process loses nothing, a power cut at most the last
moments, which `recover` reads back from the WARC files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gonerd.crawl.warc.capture import Capture
from gonerd.errors import GonerdError

from .schema import TABLES, VERSION

STORE = "store.sqlite"


Row = sqlite3.Row


class Store:
    """One connection to a crawl's store; a crawl has one, in one thread.

    Args:
        folder: The crawl's folder.

    Raises:
        GonerdError: The file is damaged, or was written by another version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / STORE
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MB; each checkpoint waits for the disk
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                self._db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
            elif found != VERSION:
                raise GonerdError(
                    f"{self.path}: is of version {found}, expected {VERSION}; move the file away and run the same "
                    "command again, it is made anew from the WARC files"
                )
        except sqlite3.OperationalError as error:  # a full disk, a folder without permission
            raise GonerdError(f"{self.path}: cannot be used ({error}); make room, then run again") from error
        except sqlite3.DatabaseError as error:
            raise GonerdError(
                f"{self.path}: not a usable store ({error}); move the file away and run the same command again, "
                "it is made anew from the WARC files"
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes what the block does one change, or none if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Returns the rows of a query."""
        return self._db.execute(query, values).fetchall()

    def walk(self, query: str, *values: Any) -> Iterator[sqlite3.Row]:
        """Yields the rows of a query, which nothing may change meanwhile."""
        return iter(self._db.execute(query, values))

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        """Returns the first row of a query, or None."""
        found: sqlite3.Row | None = self._db.execute(query, values).fetchone()
        return found

    def value(self, query: str, *values: Any) -> Any:
        """Returns the first value of the first row of a query, or None."""
        found = self.row(query, *values)
        return None if found is None else found[0]

    def run(self, query: str, *values: Any) -> int:
        """Runs a statement and returns the id of the row it inserted, if it did."""
        return self._db.execute(query, values).lastrowid or 0

    def run_counted(self, query: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        return self._db.execute(query, values).rowcount

    def run_many(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        """Runs a statement once for each row of values."""
        self._db.executemany(query, rows)

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Inserts a row and returns its id; an existing one with the same key is replaced."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.run(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", *values.values())

    def add_capture(self, capture: Capture) -> None:
        """Enters a response record."""
        self.insert("captures", capture._asdict())

    def known_end(self, file: str) -> int:
        """Returns the byte after the last response of a WARC file that the store knows, 0 where it knows none."""
        return int(self.value("SELECT MAX(offset + length) FROM captures WHERE file = ?", file) or 0)
