"""STS-B: how alike in meaning are two sentences, from 0 to 5?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, Row, hub

_ORIGINAL = 7  # genre, file, year, number, score, sentence 1, sentence 2; some rows name sources behind


@dataclass(frozen=True, kw_only=True)
class Stsb(GlueTask):
    """It is distributed in three shapes: GLUE's, the original without a header, and three comma-separated columns."""

    def table(self, cells: list[list[str]], path: Path) -> Iterator[tuple[int, Row | None]]:
        """Reads a file of any of the three shapes."""
        if "sentence1" in cells[0]:
            yield from super().table(cells, path)
            return
        lines = [(number, row) for number, row in enumerate(cells, start=1) if row != [""]]
        commas = all(len(row) == 1 for _, row in lines)
        for position, (number, row) in enumerate(lines):
            if commas:
                row = next(csv.reader(row))
                yield number, Row(str(position), row[0], row[1], row[2]) if len(row) == 3 else None
            else:
                yield number, Row(str(position), row[5], row[6], row[4]) if len(row) >= _ORIGINAL else None


TASKS.register("stsb")(
    Stsb(
        name="stsb",
        title="STS-B",
        version="1",
        kind="sequence-regression",
        hub=hub("stsb"),
        licence="mixed, as its sources state (Cer et al. 2017)",
        source=PAPER,
        metrics=("pearson", "spearman"),
        headline=("pearson", "spearman"),
        files={
            "train": ("train.tsv", "sts-train.csv", "stsb-en-train.csv"),
            "validation": ("dev.tsv", "sts-dev.csv", "stsb-en-dev.csv"),
            "test": ("sts-test.csv", "stsb-en-test.csv", "test.tsv"),
        },
        columns=Columns(text=("sentence1",), pair=("sentence2",), label=("score",)),
        fields=("sentence1", "sentence2"),
    )
)
