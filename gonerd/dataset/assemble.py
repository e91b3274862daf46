"""The rows of a whole release, written config by config and counted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.agreement import Agreement
from gonerd.records import Annotation, Decision

from .rows import View, annotator_row, decision_row, document_row, sentence_rows, span_rows
from .schema import CONFIGS, SPLITS
from .statistics import Statistics
from .writer import ShardWriter


@dataclass(frozen=True)
class Entry:
    """A document with everything that ships with it.

    Attributes:
        view: The document as it is released, with its gold spans.
        gold: The gold annotation; its layer and guideline version are stated.
        annotators: What single annotators marked.
        decisions: What adjudication decided.
        withheld: Ship no text.
    """

    view: View
    gold: Annotation
    annotators: Sequence[Annotation] = ()
    decisions: Sequence[Decision] = ()
    withheld: bool = False


@dataclass
class Counts:
    """What was written.

    Attributes:
        statistics: For card and figures.
        agreement: Of the two annotators, over documents that both annotated.
        provenance: Gold spans by who made them.
    """

    statistics: Statistics = field(default_factory=Statistics)
    agreement: Agreement = field(default_factory=Agreement)
    provenance: Counter[str] = field(default_factory=Counter)


class Assembly:
    """Writes a release's shards; memory holds one row group a config and split.

    Args:
        folder: Folder of the release.
    """

    def __init__(self, folder: Path) -> None:
        self.writers = {(c, s): ShardWriter(folder, c, s) for c in CONFIGS for s in SPLITS}
        self.counts = Counts()

    def __enter__(self) -> Assembly:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for writer in self.writers.values():
            writer.abandon() if kind else writer.close()

    def add(self, split: str, entry: Entry) -> None:
        """Writes the rows of one document."""
        view, withheld = entry.view, entry.withheld
        self._count(split, entry)
        self.write("documents", split, document_row(view, withheld=withheld))
        if not withheld:
            for row in sentence_rows(view):
                self.write("sentences", split, row)
        for row in span_rows(view, withheld=withheld):
            self.write("spans", split, row)
        for annotation in (entry.gold, *entry.annotators):
            self.write("annotators", split, annotator_row(annotation, view.document.sha256))
        for decision in entry.decisions:
            self.write("adjudication", split, decision_row(decision, None if withheld else view.document.text))

    def write(self, config: str, split: str, row: dict[str, Any]) -> None:
        """Writes one row as it is."""
        self.writers[config, split].write(row)

    def _count(self, split: str, entry: Entry) -> None:
        self.counts.statistics.add(split, entry.view)
        gold = entry.gold
        self.counts.provenance.update(
            f"{span.provenance or gold.layer} ({gold.guideline_version})" for span in gold.spans
        )
        if len(entry.annotators) == 2:
            first, second = entry.annotators
            self.counts.agreement.add(entry.view.document.text, first.spans, second.spans)

    @property
    def rows(self) -> dict[str, dict[str, int]]:
        """Rows written so far, by config and split."""
        return {config: {split: self.writers[config, split].rows for split in SPLITS} for config in CONFIGS}
