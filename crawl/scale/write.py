"""The block that writes the kept documents, a thousand a file, whatever the units were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.pipeline.base import PipelineStep

from gonerd.files import new_file
from gonerd.records import Document
from gonerd.tables import ROWS_PER_SHARD, record_schema, shard_name

from .settle import COUNTS, KEPT_FILE, MADE
from .unit_files import documents_path, read_json_of


class WriteDocuments(PipelineStep):  # type: ignore[misc]
    """Writes `part-*.parquet`; each task writes the files whose number falls to it.

    Args:
        work: The working folder.
    """

    type, name = "WRITER", "documents"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> Iterator[Path]:
        """Yields the files that were written."""
        made = self.work / MADE
        kept = np.load(made / KEPT_FILE, mmap_mode="r")
        keys = read_json_of(made / COUNTS)["units"]
        for number in range(rank, max(1, -(-len(kept) // ROWS_PER_SHARD)), world_size):
            path = made / shard_name(number)
            if not path.exists():
                chosen = kept[number * ROWS_PER_SHARD : (number + 1) * ROWS_PER_SHARD]
                self._write(path, [(keys[unit], int(row)) for unit, row in chosen])
            self.stat_update("documents", value=len(kept[number * ROWS_PER_SHARD : (number + 1) * ROWS_PER_SHARD]))
            yield path

    def _write(self, path: Path, chosen: list[tuple[str, int]]) -> None:
        by_unit: dict[str, list[int]] = {}
        for key, row in chosen:
            by_unit.setdefault(key, []).append(row)
        schema = record_schema(Document)
        pieces = {key: pq.read_table(documents_path(self.work, key)).take(rows) for key, rows in by_unit.items()}
        # An article stands among its pages' documents, so documents of one unit need not be neighbours.
        starts = dict(zip(pieces, np.cumsum([0, *map(len, pieces.values())]), strict=False))
        order = []
        for key, _ in chosen:
            order.append(starts[key])
            starts[key] += 1
        table = (
            pa.concat_tables([schema.empty_table(), *pieces.values()])
            .take(pa.array(order, pa.int64()))
            .combine_chunks()
        )
        with new_file(path) as temporary:
            pq.write_table(table.cast(schema), temporary, compression="zstd")
