"""One side of a comparison: the results of one model, over tasks and seeds, and its times."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.results import Scored, read_scored
from gonerd.evaluation.schema import Cell, EfficiencyResult, parse
from gonerd.evaluation.schema.reading import is_result
from gonerd.evaluation.validate import files_of
from gonerd.files import read_json

_SEED = re.compile(r"[-_.]seed[-_.]?[0-9]+$")
Key = tuple[str, str | None]  # task, or the entry of its data, and split


@dataclass(frozen=True)
class Side:
    """What is known of one model.

    Attributes:
        models: Its names, one a seed.
        scores: Its results by task and split; several are seeds.
        cells: Times that lie with them, of whatever model.
    """

    models: list[str]
    scores: dict[Key, list[Scored]]
    cells: list[Cell]

    @property
    def held(self) -> str:
        """Lists tasks and splits for a message."""
        return ", ".join(map(named, self.scores)) or "no scores"


def read_side(path: Path) -> Side:
    """Reads the results of one model.

    Args:
        path: A result file; a folder with the results of one model; or FOLDER/MODEL, which is no file, for one of
            several models in a folder. Models whose names differ by an ending such as "-seed1" are seeds of one.

    Returns:
        The results, times beside them included.

    Raises:
        UsageError: A folder holds several models, or none of that name.
        GonerdError: A file is missing or malformed.
    """
    wanted = None if path.exists() or not path.parent.is_dir() or not path.name else path.name
    files = files_of([path if wanted is None else path.parent])
    scores: dict[Key, list[Scored]] = defaultdict(list)
    cells: list[Cell] = []
    models: set[str] = set()
    others: set[str] = set()
    for file in files:
        value = read_json(file, "evaluate again")
        if file != path and not is_result(value):  # a folder may hold other files too, comparisons for instance
            continue
        result = parse(value, str(file))
        if isinstance(result, EfficiencyResult):
            cells += result.cells
        elif wanted in (None, result.model.name, without_seed(result.model.name)):
            scores[result.task.title, result.task.split].append(read_scored(file))
            models.add(result.model.name)
        else:
            others.add(result.model.name)
    if wanted is not None and not models:
        raise GonerdError(
            f"{path}: no such file, and {path.parent} holds no model {wanted!r} (it holds {_list(others)}); check the "
            "path"
        )
    if len({without_seed(name) for name in models}) > 1:
        raise UsageError(f"{path}: holds several models ({_list(models)}); name one of them as {path / min(models)}")
    return Side(sorted(models), dict(scores), cells)


def named(key: Key) -> str:
    """Names a task and its split; a reference file has none."""
    return "/".join(part for part in key if part)


def without_seed(name: str) -> str:
    """Returns the name that the seeds of a model share."""
    return _SEED.sub("", name)


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
