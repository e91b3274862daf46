"""The tables of a crawl's store, one SQLite file beside its WARC files."""

from __future__ import annotations

VERSION = 1
TABLES = """
-- A round is one pass over a seed: its listings are read once, its pages asked for once. A killed round goes on.
CREATE TABLE rounds (
    id INTEGER PRIMARY KEY, seed TEXT NOT NULL, bounds TEXT NOT NULL, repeated INTEGER NOT NULL DEFAULT 0,
    complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE listings (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, url TEXT NOT NULL, kind TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '{}', source TEXT NOT NULL DEFAULT '', domain TEXT NOT NULL DEFAULT '',
    scope TEXT NOT NULL DEFAULT '', depth INTEGER NOT NULL DEFAULT 0, parent INTEGER,
    round INTEGER NOT NULL, seq INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '', last_modified TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0 -- entries of that content taken so far
);
CREATE INDEX open_listings ON listings (round, seq) WHERE state = 'open';
CREATE TABLE pages (
    key TEXT PRIMARY KEY, url TEXT NOT NULL, host TEXT NOT NULL, listing INTEGER, source TEXT NOT NULL DEFAULT '',
    domain TEXT NOT NULL DEFAULT '', modified TEXT NOT NULL DEFAULT '',
    round INTEGER NOT NULL, seq INTEGER NOT NULL, run INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
    counts INTEGER NOT NULL DEFAULT 0, final TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '',
    fetched TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '', last_modified TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT '',
    change TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX open_pages ON pages (round, host, seq) WHERE state = 'open';
CREATE INDEX pages_by_round ON pages (round, seq);
CREATE INDEX pages_by_listing ON pages (listing);
CREATE INDEX pages_by_final ON pages (final) WHERE final <> '';
CREATE TABLE captures (
    file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, url TEXT NOT NULL, date TEXT NOT NULL,
    mime TEXT NOT NULL, status INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (file, offset)
) WITHOUT ROWID;
CREATE TABLE rules (
    base TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, kind TEXT NOT NULL,
    fetched REAL NOT NULL, expires REAL NOT NULL, PRIMARY KEY (base, path)
) WITHOUT ROWID;
"""
