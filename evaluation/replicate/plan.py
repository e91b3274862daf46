"""All work of a replication in the order in which it is done: the matrix is complete before it is deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import cells_of, work_of
from .making import model_works, text_works
from .places import Folders
from .reporting import report_work
from .systems import own_models
from .timing import times_works
from .work import Work

if TYPE_CHECKING:
    from .config import Replicate


def plan(config: Replicate, folders: Folders) -> list[Work]:
    """Lists text, models, every cell with the first seed, times, then what is of further seeds, and the report.

    Raises:
        UsageError: A name of the configuration is unknown.
    """
    first, further = config.seeds[:1], config.seeds[1:]
    return [
        *text_works(config, folders),
        *model_works(config, folders),
        *(work_of(cell) for cell in cells_of(config, folders, first)),
        *times_works(config, folders),
        *(work for seed in further if own_models(config, seed) for work in model_works(config, folders, seed)),
        *(work_of(cell) for cell in cells_of(config, folders, further)),
        report_work(config, folders),
    ]
