"""Result files of folders, gathered by system and by what they were scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.evaluation.schema import Cell, ScoresResult, parse
from gonerd.evaluation.schema.parts import Environment
from gonerd.evaluation.schema.reading import is_result
from gonerd.evaluation.validate import files_of
from gonerd.files import read_json

from .runs import Column, Run, Runs, by_system


@dataclass(frozen=True)
class Collection:
    """Everything that was found.

    Attributes:
        runs: Results by system and column; several are seeds of one system.
        cells: Times.
        not_measured: What was to be timed and could not be, with the reason, where results say so.
        environments: What was measured with, one a file, without repeats.
    """

    runs: Runs
    cells: list[Cell]
    environments: list[Environment]
    not_measured: list[Any] = field(default_factory=list)

    @cached_property
    def columns(self) -> dict[Column, str]:
        """Every column with a title of its own, by task; where two share task and split, by what differs."""
        found = sorted({column for by_column in self.runs.values() for column in by_column}, key=_order)
        titles = [column.title for column in found]
        return {
            column: column.title
            if titles.count(column.title) == 1
            else f"{column.title} ({column.examples} examples, version {column.version}, data {number})"
            for number, column in enumerate(found, start=1)
        }

    def parameters(self, system: str) -> int:
        """Returns the number of parameters of a system, 0 where it is not known."""
        runs = self.runs[system].values()
        return max((run.result.model.parameters or 0 for seeds in runs for run in seeds), default=0)


def collect(paths: Sequence[Path]) -> Collection:
    """Reads result files, and those of folders; other JSON files in a folder are passed over.

    Models whose names differ by an ending such as "-seed1" are seeds of one system. Where folders hold different
    models of one name, the folder is added to it.

    Raises:
        GonerdError: A path is missing, a file is malformed, or no scores are there.
    """
    runs: list[Run] = []
    cells: list[Cell] = []
    environments: list[Environment] = []
    not_measured: list[Any] = []
    for file in files_of(paths):
        value = read_json(file, "evaluate again")
        if file not in paths and not is_result(value):
            continue
        result = parse(value, str(file))
        if result.environment not in environments:
            environments.append(result.environment)
        if isinstance(result, ScoresResult):
            runs.append(Run(file, result))
        else:
            cells += result.cells
            not_measured += getattr(result, "not_measured", [])
    if not runs:
        places = ", ".join(map(str, paths))
        raise GonerdError(f"{places}: holds no scores; run `gonerd evaluate run MODEL --out {paths[0]}` first")
    return Collection(by_system(runs), cells, environments, not_measured)


def _order(column: Column) -> tuple[str, str, str, str, int, str]:
    return column.task, column.entry, column.split or "", column.version, column.examples, column.data
