"""Checking result files: the schema, the predictions beside them, and the score computed again from these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import existing, read_json

from .metrics import METRICS
from .results import read_scored
from .schema import CURRENT, ScoresResult, parse
from .schema.reading import version_of
from .tasks import TASKS


@dataclass(frozen=True)
class Checked:
    """A file that follows the schema.

    Attributes:
        path: The file.
        kind: What it holds.
        version: Version that it was written in; None for a file of another kind in a folder, which is passed over.
        examples: Predictions beside it whose score was computed again; None where there are none to compute from.
    """

    path: Path
    kind: str
    version: int | None
    examples: int | None

    def __str__(self) -> str:
        if self.version is None:
            return f"{self.path}: {self.kind}, no result file, passed over"
        upgraded = "" if self.version == CURRENT else f", reads as {CURRENT}"
        again = "" if self.examples is None else f", score of {self.examples} examples computed again"
        return f"{self.path}: {self.kind}, schema {self.version}{upgraded}{again}"


def validate(paths: Sequence[Path]) -> Iterator[Checked | GonerdError]:
    """Checks files, and every `*.json` of folders.

    Yields:
        What was found of each file, in order: its facts, or what is wrong with it.

    Raises:
        GonerdError: A path does not exist, or a folder holds no result files.
    """
    for path in files_of(paths):
        try:
            yield _check(path, named=path in paths)
        except GonerdError as error:
            yield error


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Lists files, those of folders by name.

    Raises:
        GonerdError: A path does not exist, or a folder holds no `*.json`.
    """
    found: list[Path] = []
    for path in paths:
        existing(path, "result file or folder", "check the path")
        held = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not held:
            raise GonerdError(f"{path}: holds no *.json; make results with `gonerd evaluate run`")
        found += held
    return found


def _check(path: Path, *, named: bool) -> Checked:
    value = read_json(path, "evaluate again")
    if not named and isinstance(value, dict) and value.get("kind") == "comparison":
        return Checked(path, "comparison", None, None)
    result = parse(value, str(path))
    version = version_of(value, str(path))
    if not isinstance(result, ScoresResult) or result.predictions is None:
        return Checked(path, result.kind, version, None)
    matched = read_scored(path).matched
    task = TASKS.get(result.task.name)
    for name in task.headline:
        metric = METRICS.get(name)
        again = metric.compute(matched.gold, matched.predicted)[metric.main]
        stated = result.metrics.get(name, {}).get(metric.main)
        if not isinstance(stated, int | float) or not math.isclose(again, stated, rel_tol=1e-9, abs_tol=1e-9):
            raise GonerdError(
                f"{path}: metrics.{name}.{metric.main} is {stated!r}, but the predictions beside it give {again!r}; "
                "evaluate again"
            )
    return Checked(path, result.kind, version, len(matched.ids))
