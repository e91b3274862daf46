"""The tables of a crawl's store, one SQLite file beside its WARC files."""

from __future__ import annotations

VERSION = 2
TABLES = """
-- A round is one pass over a seed: its listings are read once, its pages asked for once. A killed round goes on.
CREATE TABLE rounds (
    id INTEGER PRIMARY KEY, seed TEXT NOT NULL, bounds TEXT NOT NULL, repeated INTEGER NOT NULL DEFAULT 0,
    complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE listings (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, url TEXT NOT NULL, kind TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '{}', source TEXT NOT NULL DEFAULT '', domain TEXT NOT NULL DEFAULT '',
    scope TEXT NOT NULL DEFAULT '', depth INTEGER NOT NULL DEFAULT 0,
    round INTEGER NOT NULL, seq INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '', last_modified TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0 -- names of that content taken so far
);
CREATE INDEX open_listings ON listings (round, seq) WHERE state = 'open';
-- What a listing named when it was read last, for when it answers that it has not changed.
CREATE TABLE named (
    listing INTEGER NOT NULL, number INTEGER NOT NULL, what TEXT NOT NULL, url TEXT NOT NULL, modified TEXT NOT NULL,
    PRIMARY KEY (listing, number)
) WITHOUT ROWID;
-- What is known of an address, whichever seed listed it.
CREATE TABLE pages (
    key TEXT PRIMARY KEY, url TEXT NOT NULL, modified TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
    final TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '', fetched TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '', last_modified TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX pages_by_final ON pages (final) WHERE final <> '';
CREATE INDEX pages_by_address ON pages (address) WHERE address <> '';
-- What a round wants of a page, and how that ended.
CREATE TABLE entries (
    round INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, host TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '', domain TEXT NOT NULL DEFAULT '',
    counts INTEGER NOT NULL DEFAULT 0, -- whether it counts towards the limits
    again INTEGER NOT NULL DEFAULT 0, -- whether it is asked for although it is stored
    named INTEGER NOT NULL DEFAULT 0, -- whether a listing of this round has named it
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
    run INTEGER NOT NULL DEFAULT 0, change TEXT NOT NULL DEFAULT '', PRIMARY KEY (round, key)
) WITHOUT ROWID;
CREATE INDEX open_entries ON entries (round, host, seq) WHERE state = 'open';
CREATE INDEX entries_in_order ON entries (round, seq);
CREATE TABLE captures (
    file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, url TEXT NOT NULL, date TEXT NOT NULL,
    mime TEXT NOT NULL, status INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (file, offset)
) WITHOUT ROWID;
CREATE TABLE rules (
    base TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, kind TEXT NOT NULL,
    fetched REAL NOT NULL, expires REAL NOT NULL, PRIMARY KEY (base, path)
) WITHOUT ROWID;
"""
