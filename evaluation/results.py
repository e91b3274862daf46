"""Result files with their predictions beside them: written together, read together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import new_file, write_text
from gonerd.jsonl import read_jsonl, to_line

from .packing import pack, unpack
from .schema import ScoresResult, read_result
from .scoring import Matched, match
from .tasks import TASKS

_REMEDY = "evaluate again"


@dataclass(frozen=True)
class Scored:
    """A result with what it was computed from.

    Attributes:
        path: The result file.
        result: What it says.
        matched: Gold and predictions, without words and texts.
    """

    path: Path
    result: ScoresResult
    matched: Matched


def write_result(path: Path, result: ScoresResult, matched: Matched) -> None:
    """Writes `NAME.json` and, first, `NAME.predictions.jsonl`.

    Args:
        path: The result file.
        result: What to write; its field `predictions` names the second file.
        matched: Gold and predictions.
    """
    with (
        new_file(path.with_name(result.predictions or "")) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as handle,
    ):
        columns = zip(matched.ids, matched.documents, matched.gold, matched.predicted, strict=True)
        for key, document, gold, predicted in columns:
            row = {"id": key, "document": document, "gold": pack(gold), "prediction": pack(predicted)}
            handle.write(to_line(row))
    write_text(path, result.model_dump_json(indent=2) + "\n")


def read_scored(path: Path) -> Scored:
    """Reads a result of scores and its predictions.

    Predictions of version 1 hold no gold: it is loaded from the dataset that the result names.

    Raises:
        GonerdError: Either is missing or malformed, or they hold different numbers of examples.
    """
    result = read_result(path)
    if not isinstance(result, ScoresResult):
        raise GonerdError(f"{path}: holds times, and scores are read here; name a result of `gonerd evaluate run`")
    if result.predictions is None:
        raise GonerdError(f"{path}: names no predictions beside it (field 'predictions' is null); {_REMEDY}")
    place = path.with_name(result.predictions)
    found: dict[str, dict[str, Any]] = {}
    for where, row in read_jsonl(place, {"id": str}):
        if row["id"] in found:
            raise GonerdError(f"{where}: id {row['id']!r} occurs twice; {_REMEDY}")
        found[row["id"]] = {**row, "where": where}
    if len(found) != result.counts.scored:
        raise GonerdError(
            f"{place}: holds {len(found)} examples, and {path.name} speaks of {result.counts.scored}; {_REMEDY}"
        )
    whole = all("gold" in row and "prediction" in row for row in found.values())
    return Scored(path, result, _matched(found) if whole else _first_version(result, found, place))


def _matched(rows: Mapping[str, dict[str, Any]]) -> Matched:
    gold, predicted = (
        [unpack(row[name], f"{row['where']}, field {name!r}") for row in rows.values()]
        for name in ("gold", "prediction")
    )
    documents = [str(row.get("document", key)) for key, row in rows.items()]
    return Matched(list(rows), documents, gold, predicted, [], [])


def _first_version(result: ScoresResult, rows: Mapping[str, dict[str, Any]], place: Path) -> Matched:
    task = TASKS.get(result.task.name)
    name = result.dataset.asked_for or result.dataset.name
    loaded = task.load(result.task.split, Path(name), limit=result.counts.scored)
    references = {example.id: (example.document, task.gold(example)) for example in loaded.examples}
    predictions = {key: unpack(row, row["where"]) for key, row in rows.items()}
    return match(task, references, predictions, names=(f"dataset {name!r}", str(place)))
