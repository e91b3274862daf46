"""Whether a release is what its card says: files, offsets, labels, duplicates, leakage, card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gonerd.errors import GonerdError
from gonerd.markdown import table
from gonerd.progress import track
from gonerd.records import Document, Span

from .describe import fingerprint
from .findings import ERROR, Finding, check_document, check_views
from .leakage import Entry, find_leaks
from .load import folder_of
from .near import near_pairs, signature
from .release import changed_files, data_files, read_manifest
from .rows import View
from .schema import CONFIGS, SPLITS, features
from .splits import Candidate
from .statistics import Statistics


def check_release(name: str | Path) -> list[Finding]:
    """Checks a release from its files alone.

    Args:
        name: "sample" or the folder of a release.

    Returns:
        Everything found, errors first.

    Raises:
        GonerdError: The folder is no release.
    """
    folder = folder_of(name)
    if folder is None:
        raise GonerdError(f"{name}: no such folder; give the folder of a release, or 'sample'")
    manifest = read_manifest(folder)
    findings = [Finding(ERROR, "files", path, why) for path, why in changed_files(folder, manifest)]
    columns = list(_columns(folder))
    findings += columns
    if not columns:
        corpus = _Corpus()
        for split in SPLITS:
            findings += track(_split(folder, split, corpus), f"check {split}")
        findings += corpus.findings()
        findings += _card(folder, manifest, corpus.statistics)
    return sorted(findings, key=lambda finding: (finding.severity, finding.check, finding.where))


def _columns(folder: Path) -> Iterator[Finding]:
    for config in CONFIGS:
        for split in SPLITS:
            paths = data_files(folder, config, split)
            if not paths:
                yield Finding(ERROR, "files", f"data/{config}/{split}-*.parquet", "no shard is there")
            for path in paths:
                where = path.relative_to(folder).as_posix()
                try:
                    schema = pq.read_schema(path)
                except (pa.ArrowInvalid, OSError) as error:
                    yield Finding(ERROR, "files", where, f"not a readable parquet file ({error})")
                    continue
                if not schema.equals(features(config).arrow_schema):
                    yield Finding(ERROR, "columns", where, f"columns are not those of config {config!r}")


def _rows(folder: Path, config: str, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in data_files(folder, config, split):
        row = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64):
                for values in batch.to_pylist():
                    yield f"{path.relative_to(folder).as_posix()} row {row}", values
                    row += 1


def _split(folder: Path, split: str, corpus: _Corpus) -> Iterator[Finding]:
    views = {config: _Grouped(_rows(folder, config, split)) for config in ("sentences", "spans")}
    for where, row in _rows(folder, "documents", split):
        here = f"{where} ({row['id']})"
        found = list(check_document(row, here))
        yield from found
        held = {config: views[config].take(row["id"]) for config in views}
        if not any(finding.severity == ERROR for finding in found):
            yield from check_views(row, held, here)
            corpus.add(split, row)
    for config, grouped in views.items():
        if (stray := grouped.rest()) is not None:
            yield Finding(ERROR, f"{config}-config", f"{config} {split}", f"row of unknown document {stray!r}")


class _Grouped:
    """Rows that follow the order of the documents, taken document by document."""

    def __init__(self, rows: Iterator[tuple[str, dict[str, Any]]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def take(self, document_id: str) -> list[dict[str, Any]]:
        found = []
        while self._next is not None and self._next[1]["document_id"] == document_id:
            found.append(self._next[1])
            self._next = next(self._rows, None)
        return found

    def rest(self) -> str | None:
        return self._next[1]["document_id"] if self._next else None


class _Corpus:
    """What is compared across documents."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self._entries: list[Entry] = []
        self._signatures: list[Any] = []
        self._signed: list[int] = []
        self._ids: dict[str, int] = defaultdict(int)
        self._texts: dict[str, list[str]] = defaultdict(list)

    def add(self, split: str, row: dict[str, Any]) -> None:
        published = date.fromisoformat(row["published"]) if row["published"] else None
        occasion = Candidate(row["id"], row["domain"], row["source"], published, 0).occasion
        self._entries.append(Entry(row["id"], split, row["text_sha256"], row["url"], occasion))
        self._ids[row["id"]] += 1
        self._texts[row["text_sha256"]].append(row["id"])
        if row["text"] is not None:
            self._signed.append(len(self._entries) - 1)
            self._signatures.append(signature(row["tokens"]))
            document = Document(row["id"], row["text"], domain=row["domain"], license=row["license"])
            spans = [Span(span["start"], span["end"], span["label"]) for span in row["spans"]]
            self.statistics.add(split, View.of(document, spans))

    def findings(self) -> Iterator[Finding]:
        for key, count in self._ids.items():
            if count > 1:
                yield Finding(ERROR, "duplicate-id", key, f"{count} rows of 'documents' have this id")
        for ids in self._texts.values():
            if len(ids) > 1:
                yield Finding(ERROR, "duplicate-text", ids[0], f"same text as {', '.join(ids[1:])}")
        pairs = near_pairs(np.stack(self._signatures)) if self._signatures else []
        near = [(self._signed[a], self._signed[b], score) for a, b, score in pairs]
        for leak in find_leaks(self._entries, near):
            where = f"{leak.first} ({leak.first_split}), {leak.second} ({leak.second_split})"
            yield Finding(ERROR, "leakage", where, f"{leak.check}: {leak.detail}")


def _card(folder: Path, manifest: dict[str, Any], statistics: Statistics) -> Iterator[Finding]:
    """Whether the card's generated parts are those of the data that is there."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    parquet = {path: facts["sha256"] for path, facts in manifest["files"].items() if path.endswith(".parquet")}
    if fingerprint(parquet) not in text:
        yield Finding(
            ERROR, "card", "README.md", "made from other data than the manifest lists; build the release again"
        )
    whole = not manifest.get("withheld")  # what is counted in a text cannot be counted again without it
    if whole and any(table(rows) not in text for rows in (statistics.split_rows(), statistics.distance_rows())):
        yield Finding(ERROR, "card", "README.md", "its statistics are not those of the data; build the release again")
