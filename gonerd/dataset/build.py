"""From documents and one annotation layer to a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gonerd import __version__
from gonerd.files import new_folder, write_json, write_text
from gonerd.io import pair, read_documents
from gonerd.progress import track
from gonerd.records import Rejected

from .card import card
from .schema import SPLITS, features, row
from .splits import assign_splits
from .statistics import SplitStatistics

MANIFEST = "data/manifest.json"
ROWS_PER_SHARD = 500
_ROWS_PER_GROUP = 50  # long documents: the Hub's viewer reads a row group at a time


@dataclass
class BuildSummary:
    """What a build holds: documents read, kept by split, and set aside with the reason."""

    documents: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def build_dataset(
    documents: Path,
    layer: Path,
    out: Path,
    *,
    name: str | None = None,
    version: str = __version__,
    prose: Path | None = None,
    seed: int = 0,
    limit: int | None = None,
) -> BuildSummary:
    """Builds a dataset folder: `README.md`, `data/{train,validation,test}-*.parquet`, `data/manifest.json`.

    Args:
        documents: The documents.
        layer: The annotation layer over them.
        out: Folder to make; it appears whole or not at all.
        name: Name of the dataset; that of `out` when None.
        version: Version that the manifest and the card carry.
        prose: Markdown file with the datasheet that opens the card.
        seed: Seed of the splits.
        limit: Use only the first documents.

    Returns:
        Counts: documents = sum of the splits + rejected.

    Raises:
        GonerdError: An input cannot be read, the two do not fit, or too few documents are left.
    """
    summary = BuildSummary()
    kept = _select(documents, summary, limit)
    splits = assign_splits(kept, seed)
    summary.splits = {split: sum(s == split for s in splits.values()) for split in SPLITS}
    statistics = {split: SplitStatistics() for split in SPLITS}
    with new_folder(out) as folder:
        writers = {split: _SplitWriter(folder / "data", split, summary.splits[split]) for split in SPLITS}
        provenance: Counter[str] = Counter()
        pairs = islice(pair(documents, layer), limit)
        for document, annotation in track(pairs, "build", total=summary.documents):
            if document.id not in splits:
                continue
            split = splits[document.id]
            values = row(document, annotation)
            writers[split].write(values)
            statistics[split].add(values)
            provenance.update(
                f"{span.provenance or 'unstated'} ({annotation.guideline_version})" for span in annotation.spans
            )
        for writer in writers.values():
            writer.close()
        title = name or out.resolve().name
        fingerprint = hashlib.sha256(repr(_hashes(folder)).encode()).hexdigest()
        write_text(folder / "README.md", card(title, version, fingerprint, statistics, provenance, prose))
        manifest = {"name": title, "version": version, "seed": seed, **asdict(summary), "files": _hashes(folder)}
        write_json(folder / MANIFEST, manifest)
    return summary


def _select(documents: Path, summary: BuildSummary, limit: int | None) -> list[str]:
    """First pass, ids alone: sets aside what must not be in a release and returns the ids that stay."""
    seen: dict[str, str] = {}
    for document in islice(read_documents(documents), limit):
        summary.documents += 1
        if not document.text.strip():
            summary.rejected.append(Rejected(document.id, "empty-text", stage="build"))
        elif document.sha256 in seen:
            # The same text in two splits is the plainest leak there is.
            detail = f"same text as document {seen[document.sha256]}"
            summary.rejected.append(Rejected(document.id, "duplicate-text", detail, stage="build"))
        else:
            seen[document.sha256] = document.id
    return list(seen.values())


class _SplitWriter:
    """Writes the rows of one split into shards of known number."""

    def __init__(self, folder: Path, split: str, rows: int) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.split = folder, split
        self.shards = max(1, -(-rows // ROWS_PER_SHARD))
        self.buffer: list[dict[str, Any]] = []
        self.written = 0

    def write(self, values: dict[str, Any]) -> None:
        self.buffer.append(values)
        if len(self.buffer) == ROWS_PER_SHARD:
            self._flush()

    def close(self) -> None:
        if self.buffer or not self.written:
            self._flush()

    def _flush(self) -> None:
        path = self.folder / f"{self.split}-{self.written:05d}-of-{self.shards:05d}.parquet"
        table = pa.Table.from_pylist(self.buffer, schema=features().arrow_schema)
        pq.write_table(table, path, row_group_size=_ROWS_PER_GROUP, compression="zstd")
        self.buffer, self.written = [], self.written + 1


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
