"""CoLA: is a sentence acceptable English?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import TASKS
from ._glue import PAPER, Columns, GlueTask, Row, hub, tsv


@dataclass(frozen=True, kw_only=True)
class Cola(GlueTask):
    """Its train and validation files have no header: source, label, the author's mark, sentence."""

    def table(self, cells: list[list[str]], path: Path) -> Iterator[tuple[int, Row | None]]:
        """Reads either kind of file."""
        if "sentence" in cells[0]:
            yield from super().table(cells, path)
            return
        rows = [(number, row) for number, row in enumerate(cells, start=1) if row != [""]]
        for position, (number, row) in enumerate(rows):
            yield number, Row(str(position), row[3], None, row[1]) if len(row) == 4 else None


TASKS.register("cola")(
    Cola(
        name="cola",
        title="CoLA",
        version="1",
        kind="sequence-classification",
        hub=hub("cola"),
        licence="not stated; published for research (Warstadt et al. 2019)",
        source=PAPER,
        metrics=("matthews", "accuracy"),
        headline=("matthews",),
        labels=("unacceptable", "acceptable"),
        files=tsv("in_domain_train.tsv", "in_domain_dev.tsv"),
        columns=Columns(text=("sentence",)),
        fields=("sentence",),
    )
)
