"""The texts that predictions are over: result files hold none, for texts may not always be passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.dataset.load import load_dataset
from gonerd.dataset.rights import why_not
from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.packing import pack
from gonerd.evaluation.results import Scored
from gonerd.evaluation.tasks import TASKS, Tally, Task
from gonerd.records import Document

HOW = "--texts puts texts into the report, --data-dir TASK=FOLDER says where they are"


@dataclass(frozen=True)
class TextSettings:
    """Where texts come from, and whether the report may hold them.

    Attributes:
        embed: Whether texts are put into the report; None for those documents of a GONERD release alone whose licence
            lets them into a public release.
        folders: Folder or file of the data by task; that under "" is for every other task.
    """

    embed: bool | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Texts:
    """Examples with their texts.

    Attributes:
        examples: By id; those without text are not there.
        reason: Why some or all are not there; empty where every one is.
    """

    examples: Mapping[str, Any]
    reason: str = ""


def folders_of(named: Sequence[str]) -> dict[str, Path]:
    """Reads `TASK=PATH`, or a path alone for every other task.

    Raises:
        UsageError: A task is unknown, or named twice.
    """
    found: dict[str, Path] = {}
    for text in named:
        name, equals, place = text.partition("=")
        key = TASKS.get(name).name if equals else ""
        if key in found:
            raise UsageError(f"--data-dir {text!r}: {key or 'a folder for every task'} was already named; name it once")
        found[key] = Path(place if equals else text)
    return found


def load_texts(scored: Scored, settings: TextSettings) -> Texts:
    """Loads the texts of a result's examples, as far as the report may hold them.

    Args:
        scored: The result with its predictions.
        settings: Where texts come from.

    Returns:
        The examples whose gold is that of the result, and why others are missing.
    """
    task = TASKS.get(scored.result.task.name)
    release = task.name == "gonerd"
    if settings.embed is False:
        return Texts({}, "texts are left out, as --no-texts says")
    if settings.embed is None and not release:
        return Texts({}, f"texts are left out, for others' texts may not be passed on ({task.licence}); {HOW}")
    try:
        found = _load(task, scored, settings)
    except GonerdError as error:
        return Texts({}, f"texts are not at hand: {error}")
    gold = dict(zip(scored.matched.ids, scored.matched.gold, strict=True))
    same = {key: example for key, example in found.items() if key in gold and _same(task, example, gold[key])}
    free = same if settings.embed else {key: same[key] for key in _free(_data(scored, settings), scored, same)}
    reasons = []
    if len(same) < len(gold):
        reasons.append(f"{len(gold) - len(same)} examples of the result are not in the data as they were; {HOW}")
    if len(free) < len(same):
        reasons.append(f"{len(same) - len(free)} texts are left out, as their licence does not let them be passed on")
    return Texts(free, "; ".join(reasons))


def _same(task: Task, example: Any, gold: Any) -> bool:
    return bool(pack(task.gold(example)) == pack(gold))


def _data(scored: Scored, settings: TextSettings) -> Path | None:
    """Returns the place that was named, else the one that the result names, if anything is there."""
    named = settings.folders.get(scored.result.task.name, settings.folders.get(""))
    asked = scored.result.dataset.asked_for
    if named is not None:
        return named
    return Path(asked) if asked and (asked == "sample" or Path(asked).exists()) else None


def _load(task: Task, scored: Scored, settings: TextSettings) -> dict[str, Any]:
    result, place = scored.result, _data(scored, settings)
    if place is None and (task.hub is None or result.task.split is None) and result.dataset.name != "gonerd":
        raise GonerdError(f"{scored.path.name} does not say where its data are; {HOW}")
    if place is not None and place.is_file():
        examples = list(task.examples(place, Tally(), **task.checked(result.task.options)))
    else:
        revision = result.dataset.version if place is None and task.hub is not None else None
        examples = task.load(result.task.split, place, revision, None, **result.task.options).examples
    return {example.id: example for example in examples}


def _free(place: Path | None, scored: Scored, examples: Mapping[str, Any]) -> list[str]:
    """Lists the documents of a release whose licence lets them into a public one."""
    if place is not None and place.is_file():
        return []
    split = scored.result.task.split or "test"
    rows = load_dataset(str(place or "sample"), split=split).select_columns(["id", "license", "license_evidence"])
    return [row["id"] for row in rows if row["id"] in examples and not why_not(_licensed(row))]


def _licensed(row: Mapping[str, Any]) -> Document:
    return Document(row["id"], "", license=row["license"], license_evidence=row["license_evidence"])
