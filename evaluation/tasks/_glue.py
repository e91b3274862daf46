"""What the GLUE tasks share: tab-separated files without quoting, and the submission format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError

from . import Hub, Task
from ._examples import TextExample
from ._files import read_text
from ._tally import Tally

REVISION = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
PAPER = "Wang et al. 2018, GLUE (arXiv:1804.07461)"
_COLUMNS = "too few columns"
_UNLABELLED = "no gold label"


def hub(config: str, splits: Mapping[str, str] | None = None) -> Hub:
    """Returns the place of a GLUE task on the hub."""
    return Hub("nyu-mll/glue", config, REVISION, splits or {})


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of the columns of a file with a header, best first where distributions differ.

    Attributes:
        text: The text, or the first of the pair.
        pair: The second text; empty where there is none.
        label: The class or the number; files of the test split lack it.
        id: Column of the submission's index; rows are counted from 0 where there is none.
    """

    text: tuple[str, ...]
    pair: tuple[str, ...] = ()
    label: tuple[str, ...] = ("label",)
    id: tuple[str, ...] = ("index",)


@dataclass(frozen=True)
class Row:
    """A row as it stands in the file."""

    id: str
    text: str
    pair: str | None
    label: str | None


@dataclass(frozen=True, kw_only=True)
class GlueTask(Task):
    """A GLUE task: classes, or numbers where it has no labels.

    Attributes:
        columns: Its columns in the original files.
        fields: Its text fields on the hub.
    """

    columns: Columns
    fields: tuple[str, ...]
    group: str = "short"

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[TextExample]:
        """Reads a file of the original distribution; rows with too few columns are set aside."""
        lines = read_text(path).split("\n")
        for number, row in self.table([line.removesuffix("\r").split("\t") for line in lines], path):
            tally.read += 1
            if row is None:
                tally.set_aside[_COLUMNS] += 1
                continue
            if row.label == "-":  # the annotators of MNLI did not agree
                tally.set_aside[_UNLABELLED] += 1
                continue
            gold = None if row.label is None else self.value(row.label, f"{path} line {number}")
            yield TextExample(row.id, row.text, row.pair, gold)

    def table(self, cells: list[list[str]], path: Path) -> Iterator[tuple[int, Row | None]]:
        """Reads the lines of a file with a header; empty ones are no rows.

        Yields:
            (number of the line, its row), None for a row with too few columns.
        """
        names = {name: i for i, name in enumerate(cells[0])}

        def place(candidates: tuple[str, ...], wanted: bool) -> int | None:
            found = next((names[name] for name in candidates if name in names), None)
            if wanted and candidates and found is None:
                raise GonerdError(f"{path} line 1: no column {candidates[0]!r}, so it is not a file of {self.title}")
            return found

        text, pair = place(self.columns.text, True), place(self.columns.pair, True)
        label, index = place(self.columns.label, False), place(self.columns.id, False)
        last = max(i for i in (text, pair, label, index) if i is not None)
        position = 0
        for number, row in enumerate(cells[1:], start=2):
            if row == [""]:
                continue
            if len(row) <= last:
                yield number, None
            else:
                assert text is not None
                yield (
                    number,
                    Row(
                        row[index] if index is not None else str(position),
                        row[text],
                        row[pair] if pair is not None else None,
                        row[label] if label is not None else None,
                    ),
                )
            position += 1

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[TextExample]:
        """Reads the rows of the hub's dataset; label -1 stands for none."""
        for row in rows:
            tally.read += 1
            texts = [row[field] for field in self.fields]
            gold = None if row["label"] == -1 else row["label"]
            yield TextExample(str(row["idx"]), texts[0], texts[1] if len(texts) > 1 else None, gold)

    def gold(self, example: TextExample) -> int | float | None:
        """Returns the class or number."""
        return example.gold

    def value(self, text: str, where: str) -> int | float:
        """Reads a class, by name or number, or a number.

        Raises:
            GonerdError: It is neither.
        """
        text = text.strip()
        if not self.labels:
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                raise GonerdError(f"{where}: {text!r} is no finite number; mend the line")
            return number
        if text in self.labels:
            return self.labels.index(text)
        if text.isdecimal() and int(text) < len(self.labels):
            return int(text)
        known = ", ".join(f"{i} ({name})" for i, name in enumerate(self.labels))
        raise GonerdError(f"{where}: {text!r} is no class of {self.title}, which are {known}; mend the line")

    def predictions(self, path: Path, **options: str) -> dict[str, int | float]:
        """Reads a submission: `index<tab>prediction`, with or without that header."""
        found: dict[str, int | float] = {}
        for number, line in enumerate(read_text(path).split("\n"), start=1):
            cells = line.strip("\r").split("\t")
            if cells == [""] or (number == 1 and cells[-1] == "prediction"):
                continue
            where = f"{path} line {number}"
            if len(cells) != 2:
                raise GonerdError(f"{where}: expected an index, a tab and a prediction; mend the line")
            if cells[0] in found:
                raise GonerdError(f"{where}: id {cells[0]!r} occurs twice; ids must be unique")
            found[cells[0]] = self.value(cells[1], where)
        return found


def tsv(*more: str) -> dict[str, tuple[str, ...]]:
    """Returns the usual file names, with further names of train, validation and test files."""
    names = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
    return {split: (name, *more[i : i + 1]) for i, (split, name) in enumerate(names.items())}
