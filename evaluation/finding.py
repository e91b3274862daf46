"""Where the data of tasks lie: one folder each, all below a root, or as a YAML file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.options import read_mapping

from .entries import Entry
from .places import Place
from .tasks import TASKS, Task


class _Layout(BaseModel):
    model_config = ConfigDict(extra="forbid")

    data_root: str = "."
    tasks: dict[str, Entry]


def described(path: Path) -> dict[str, Place]:
    """Reads a YAML file of data: `data_root` (relative to the file; its folder when left out) and `tasks`.

    Returns:
        The places by name, in the order of the file.

    Raises:
        UsageError: The file is missing or malformed, or names an unknown task; the message names the field.
    """
    try:
        layout = _Layout.model_validate(read_mapping(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{path}: {where}: {first['msg']}; see configs/data/local.yaml") from error
    root = path.parent / Path(layout.data_root).expanduser()
    found = {}
    for name, entry in layout.tasks.items():
        folder = None if entry.data_dir is None else root / Path(entry.data_dir).expanduser()
        found[name] = Place(name, TASKS.get(entry.task or name), folder, entry)
    return found


def below(root: Path, task: Task) -> Place:
    """Finds a task's folder below a root, at most two folders deep: by its name, or by the files it holds.

    Letters and digits of the name count: `CoLA`, `SST-2` and `conll_2003` are found.

    Raises:
        UsageError: The root is no folder, or holds no such folder, or several.
    """
    if not root.is_dir():
        raise UsageError(f"--data-root {root}: no such folder; name the one that holds a folder a task")
    folders = [path for path in sorted([root, *root.glob("*"), *root.glob("*/*")]) if path.is_dir()]
    named = [path for path in folders if _plain(path.name) == _plain(task.name)]
    holding = named or [path for path in folders if _holds(task, path)]
    # A file is found one folder deep too, so the folder around the right one fits as well.
    inner = [path for path in holding if not any(path in other.parents for other in holding)]
    if len(inner) != 1:
        seen = f"{inner[0]} and {inner[1]} could be it" if inner else "no folder bears its name or holds its files"
        raise UsageError(
            f"--data-root {root}: task {task.name!r}: {seen}; say where it lies in a YAML file, --data FILE"
        )
    return Place(task.name, task, inner[0])


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _holds(task: Task, folder: Path) -> bool:
    if not task.files:
        return False
    try:
        return bool(task.locate(folder, task.default_split))
    except GonerdError:
        return False


def find_places(
    names: list[str],
    *,
    data: str | None = None,
    data_dir: Path | None = None,
    data_root: Path | None = None,
    split: str | None = None,
    revision: str | None = None,
    options: Mapping[str, str] | None = None,
) -> list[Place]:
    """Finds the data of tasks as the command line names them.

    Args:
        names: Names of tasks, or of entries of the YAML file; all of its entries when empty.
        data: A YAML file (see `described`), or, for the task "gonerd", a release: folder, hub id or "sample".
        data_dir: Folder of the original files, for a single task.
        data_root: Folder that holds a folder a task.
        split: Split to score, of all of them.
        revision: Commit of the hub's datasets, likewise.
        options: Options of readers, each for the tasks that have it.

    Returns:
        A place a task. Tasks that nothing is said of are read from the hub, "gonerd" from the packaged release.

    Raises:
        UsageError: A name is unknown, two sources are named, or an option belongs to no task.
    """
    if sum(value is not None for value in (data, data_dir, data_root)) > 1:
        raise UsageError("--data, --data-dir and --data-root each say where the data lie; pass one of them")
    told = described(Path(data)) if data is not None and Path(data).suffix in (".yaml", ".yml") else {}
    names = names or list(told) or ["gonerd"]
    if data_dir is not None and len(names) > 1:
        raise UsageError("--data-dir is for a single task; for several pass --data-root, or a YAML file as --data")
    if data is not None and not told and names != ["gonerd"]:
        raise UsageError(f"--data {data!r}: only task 'gonerd' takes a release; name a YAML file, or pass --data-dir")
    places = []
    for name in names:
        if name in told:
            place = told[name]
        elif data_root is not None and name != "gonerd":
            place = below(data_root, TASKS.get(name))
        else:
            if name not in TASKS.names():
                raise unknown_name("task", name, {*TASKS.names(), *told})
            folder = Path(data) if data is not None and not told else data_dir
            place = Place(name, TASKS.get(name), folder)
        places.append(_with(place, {"split": split, "revision": revision}, options or {}))
    lost = [name for name in options or {} if not any(name in place.task.options for place in places)]
    if lost:
        raise unknown_name("option", lost[0], {name for place in places for name in place.task.options} or {"none"})
    return places


def _with(place: Place, given: Mapping[str, str | None], options: Mapping[str, str]) -> Place:
    own = {name: value for name, value in options.items() if name in place.task.options}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    changed["options"] = {**place.entry.options, **own}
    return replace(place, entry=place.entry.model_copy(update=changed))
