"""Whether kept results are of this working folder: those of models that were trained elsewhere do not mix with ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError

from .places import Folders
from .systems import own_models
from .work import Work

if TYPE_CHECKING:
    from .config import Replicate

_SEED = re.compile(r"\.seed-(\d+)")
_OF_MODELS = ("model", "cell", "times")


def check_own(config: Replicate, folders: Folders, works: Sequence[Work]) -> None:
    """Refuses to add to results that another working folder made.

    Where every seed has models of its own, seeds may come from several working folders, each of them whole.

    Raises:
        GonerdError: Work that is asked for is of the models that such results are of.
    """
    asked = {trained(config, work.name) for work in works if work.name.partition("/")[0] in _OF_MODELS}
    strangers = list(_strangers(config, folders))
    if config.models_by_seed:
        strangers = [path for path in strangers if trained(config, path.name) in asked]
    if strangers:
        seeds = ", choose steps of other seeds with --only '*.seed-NUMBER*'" if config.models_by_seed else ""
        raise GonerdError(
            f"{config.results}: holds {len(strangers)} results that were not made in {folders.work}, "
            f"{strangers[0].name} the first, and models of two trainings do not stand in one table; name the working "
            f"folder that made them as --out{seeds} or, to begin anew, remove the results or name another folder in "
            "the key 'results'"
        )


def trained(config: Replicate, name: str) -> int:
    """Returns the seed whose models a model, result or piece of work of that name is of."""
    found = _SEED.search(name)
    seed = int(found[1]) if found else config.seeds[0]
    return seed if own_models(config, seed) else config.seeds[0]


def _strangers(config: Replicate, folders: Folders) -> Iterator[Path]:
    for path in sorted(config.results.glob("*.seed-*.json")):
        if not folders.makes(path.stem):
            yield path
    for path in sorted(config.results.glob("times-*.json")):
        if not folders.times(int(path.stem.rpartition("-")[2])).is_dir():
            yield path
