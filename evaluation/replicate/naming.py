"""Whether the parts of a configuration that name each other fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gonerd.errors import UsageError, unknown_name
from gonerd.models.attention import ATTENTION

from .systems import made_systems, variant_name

if TYPE_CHECKING:
    from .config import Replicate

_FOLDER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LETTERS = "name it in small letters, digits and dashes, as folders bear the name"


def check_names(found: Replicate) -> None:
    """Refuses a configuration of which one part names another that is not there.

    Raises:
        UsageError: There is such a name, or a value that cannot be; the message names the key.
    """
    for name, attention in found.attentions.items():
        options = attention.options if attention.window is None else {**attention.options, "window": attention.window}
        ATTENTION.get(name).read_options(options)
        if attention.pretrain and found.training.converted is None:
            raise UsageError(f"attention {name!r} says 'pretrain'; say how long in 'training.converted'")
    for key in ("distill_then_convert", "alone"):
        for name in getattr(found, key):
            if name not in found.attentions:
                raise unknown_name(f"attention of key {key!r}", name, found.attentions)
    if len(set(found.seeds)) < len(found.seeds) or min(found.seeds) < 0:
        raise UsageError(f"key 'seeds' is {list(found.seeds)}; give different whole numbers, none below 0")
    if found.models_by_seed and found.seed != found.seeds[0]:
        raise UsageError(
            f"key 'seed' is {found.seed} and the first of 'seeds' {found.seeds[0]}; with 'models_by_seed' a seed is of "
            "models and fine-tuning alike, so give the same number"
        )
    for name, task in found.tasks.items():
        task.place(name, found.data_root).check_apart()
        if task.after is not None and task.after not in list(found.tasks)[: list(found.tasks).index(name)]:
            raise UsageError(f"task {name!r} comes after {task.after!r}, which is no task before it")
    _check_variants(found)
    _check_taught(found)


def _check_variants(found: Replicate) -> None:
    others = [system.name for system in made_systems(found.model_copy(update={"variants": {}}))]
    for name, variant in found.variants.items():
        where = f"key 'variants', {name!r}"
        if not _FOLDER.fullmatch(name):
            raise UsageError(f"{where}: {_LETTERS}")
        if variant.attention not in found.attentions:
            raise unknown_name(f"attention of {where}:", variant.attention, found.attentions)
        if variant_name(name, variant) in others:
            raise UsageError(f"{where}: {variant_name(name, variant)!r} is another student; name it otherwise")
        _check_tasks(f"{where}:", variant.tasks, found)
        for task in variant.tasks:
            before = found.tasks[task].after
            if before is not None and before not in variant.tasks:
                raise UsageError(f"{where}: {task!r} comes after {before!r}, so name that as well")


def _check_taught(found: Replicate) -> None:
    known = [system.name for system in made_systems(found)]
    for taught in found.taught:
        for role in ("student", "teacher"):
            if getattr(taught, role) not in (None, *known):
                raise unknown_name(f"{role} of key 'taught'", getattr(taught, role), known)
        if taught.called is not None and not _FOLDER.fullmatch(taught.called):
            raise UsageError(f"key 'taught', 'called: {taught.called}': {_LETTERS}")
        _check_tasks("key 'taught'", taught.tasks, found)
        if taught.name in known:
            raise UsageError(f"key 'taught': {taught.name!r} is another model; say what else it is 'called'")
    names = [taught.name for taught in found.taught]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"key 'taught' names two of {twice!r}; put their tasks together, or say what one is 'called'")


def _check_tasks(where: str, tasks: Sequence[str], found: Replicate) -> None:
    for task in tasks:
        if task not in found.tasks:
            raise unknown_name(f"task of {where}", task, found.tasks)
