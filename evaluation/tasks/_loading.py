"""Loading a split: from the hub at a commit, or from files whose hashes are noted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.dataset.hub import transport_error
from gonerd.errors import GonerdError, UsageError, unknown_name

from ._examples import Example
from ._tally import Loaded, Tally, digest

if TYPE_CHECKING:
    from . import Task


def load(
    task: Task, split: str, data_dir: Path | None, revision: str | None, limit: int | None, options: dict[str, str]
) -> Loaded:
    """Loads a split; see `Task.load`."""
    if split not in task.splits:
        raise unknown_name(f"split of task {task.name!r}", split, task.splits)
    tally = Tally()
    if data_dir is not None:
        if revision is not None:
            raise UsageError("--revision is for the hub, and --data-dir holds files; leave one of them out")
        paths = task.locate(data_dir, split)
        found = _unique(chain.from_iterable(task.examples(path, tally, **options) for path in paths), str(data_dir))
        origin: dict[str, Any] = {
            "name": task.name,
            "version": None,
            "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths},
        }
    else:
        rows, origin = _from_hub(task, split, revision)
        found = _unique(task.rows(rows, tally, **options), origin["name"])
    if not found:
        reasons = ", ".join(f"{count} {reason}" for reason, count in tally.set_aside.items()) or "it holds none"
        raise GonerdError(f"{data_dir or origin['name']}: no example of split {split!r} can be used ({reasons})")
    if len(found) + tally.set_aside.total() != tally.read:
        raise AssertionError(f"{task.name}: {tally.read} read, {len(found)} kept, {tally.set_aside} set aside")
    facts = {**origin, "split": split, "sha256": digest(found), "options": options}
    return Loaded(found[:limit], tally, facts, len(found))


def _unique(examples: Iterable[Example], where: str) -> list[Example]:
    found: dict[str, Example] = {}
    for example in examples:
        if example.id in found:
            raise GonerdError(f"{where}: id {example.id!r} occurs twice; ids must be unique")
        found[example.id] = example
    return list(found.values())


def _from_hub(task: Task, split: str, revision: str | None) -> tuple[Any, dict[str, Any]]:
    """Fetches a split at one commit; a branch is resolved first, so that what was read is on record."""
    if task.hub is None:
        raise UsageError(f"task {task.name!r} is not on the hub; pass the folder of its files as --data-dir")
    import datasets
    from huggingface_hub import HfApi

    hub = task.hub
    wanted = revision or hub.revision
    local = Path(hub.path).is_dir()
    try:
        pinned = local or re.fullmatch("[0-9a-f]{40}", wanted) is not None
        commit = wanted if pinned else str(HfApi().dataset_info(hub.path, revision=wanted).sha)
        rows = datasets.load_dataset(
            hub.path, hub.config, split=hub.splits.get(split, split), revision=None if local else commit
        )
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError, transport_error()) as error:
        problem = " ".join(str(error.__cause__ or error).split())
        raise GonerdError(
            f"{hub.path} at {wanted!r} cannot be loaded from the hub ({problem}); try again, or pass the folder of the "
            "original files as --data-dir"
        ) from error
    return rows, {"name": hub.path, "config": hub.config, "version": commit, "asked_for": wanted}
