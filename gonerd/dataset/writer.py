"""Shards of a release: small row groups for the Hub's viewer, and bytes that depend on the rows alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .schema import features, shard

# Rows in a row group, of which the viewer reads one at a time: some megabytes at most.
ROWS_PER_GROUP = {"documents": 50, "sentences": 1000, "spans": 5000, "annotators": 50, "adjudication": 1000}
GROUPS_PER_SHARD = 100


class ShardWriter:
    """Writes the rows of one config and split, a row group in memory at a time.

    Shards are numbered `i-of-n` when the last one is known.

    Args:
        folder: Folder of the release.
        config: Name of the config.
        split: Name of the split.
    """

    def __init__(self, folder: Path, config: str, split: str) -> None:
        self.folder, self.config, self.split = folder, config, split
        self.schema = features(config).arrow_schema
        self.rows = 0
        self._buffer: list[dict[str, Any]] = []
        self._done: list[Path] = []
        self._open: pq.ParquetWriter | None = None
        self._groups = 0

    def write(self, row: dict[str, Any]) -> None:
        """Adds one row."""
        self._buffer.append(row)
        self.rows += 1
        if len(self._buffer) == ROWS_PER_GROUP[self.config]:
            self._flush()

    def close(self) -> list[Path]:
        """Writes what is left, names the shards, and returns them.

        At least one shard is written, so that an empty split has its columns.
        """
        if self._buffer or (not self._done and self._open is None):
            self._flush()
        self._end()
        named = []
        for index, path in enumerate(self._done):
            named.append(path.rename(self.folder / shard(self.config, self.split, index, len(self._done))))
        return named

    def abandon(self) -> None:
        """Closes the open file of a build that failed; its folder is thrown away."""
        self._end()

    def _flush(self) -> None:
        if self._open is None:
            path = self.folder / "data" / self.config / f"{self.split}-{len(self._done):05d}.part"
            path.parent.mkdir(parents=True, exist_ok=True)
            # Content-defined pages: rows added later leave the pages of the others as they are, so that
            # a new version uploads only what changed. The page index lets a reader skip to its rows.
            self._open = pq.ParquetWriter(
                path, self.schema, compression="zstd", write_page_index=True, use_content_defined_chunking=True
            )
            self._done.append(path)
        if self._buffer:
            self._open.write_table(pa.Table.from_pylist(self._buffer, schema=self.schema), row_group_size=1 << 30)
        self._buffer = []
        self._groups += 1
        if self._groups == GROUPS_PER_SHARD:
            self._end()

    def _end(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open, self._groups = None, 0
