"""Whether kept results are of this working folder: those of models that were trained elsewhere do not mix with ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError

from .places import Folders

if TYPE_CHECKING:
    from .config import Replicate


def check_own(config: Replicate, folders: Folders) -> None:
    """Refuses to work where results are kept that another working folder made.

    Raises:
        GonerdError: There are such.
    """
    strangers = list(_strangers(config, folders))
    if strangers:
        raise GonerdError(
            f"{config.results}: holds {len(strangers)} results that were not made in {folders.work}, "
            f"{strangers[0].name} the first, and models of two trainings do not stand in one table; name the working "
            "folder that made them as --out or, to begin anew, remove the results or name another folder in the key "
            "'results'"
        )


def _strangers(config: Replicate, folders: Folders) -> Iterator[Path]:
    for path in sorted(config.results.glob("*.seed-*.json")):
        marks = (folders.cells / path.name, (folders.cells / path.name).with_suffix(".begun"))
        if not any(mark.is_file() for mark in marks):
            yield path
    for path in sorted(config.results.glob("times-*.json")):
        if not folders.times(int(path.stem.rpartition("-")[2])).is_dir():
            yield path
