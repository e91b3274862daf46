"""Doing the work of a replication, piece by piece, until it is done or the time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import UsageError
from gonerd.files import only_writer

from .attempt import Clock, attempt, passes_over
from .cell import Cell
from .cells import work_of
from .deepen import further
from .making import model_works
from .own import check_own
from .places import Folders
from .plan import plan
from .reporting import report_work
from .summary import keep_summary
from .work import DONE, Done, State, Work, chosen
from .workers import Team, side_by_side, with_needs

if TYPE_CHECKING:
    from .config import Replicate

DEEPEN = "deepen"


def replicate(
    config: Replicate,
    out: Path,
    only: Sequence[str] = (),
    minutes: float | None = None,
    redo: bool = False,
    workers: int = 1,
    tell: Callable[[str], None] = lambda line: None,
) -> Done:
    """Does what is left of a replication; a run that was killed or stopped goes on with the same command.

    Work that fails costs no other than what needs it.

    Args:
        config: The configuration.
        out: The working folder.
        only: Patterns of the names of work, and `DEEPEN` for further seeds; all when empty. What the chosen work needs
            is done as well.
        minutes: Nothing new begins after so many.
        redo: Whether cells and times of other settings are done again rather than refused.
        workers: Processes that train and score side by side, each on its share of the processors, or on a GPU of its
            own. Times are measured with nothing beside them.
        tell: Takes a line for the user.

    Returns:
        What was done, what failed, what is left.

    Raises:
        UsageError: A pattern names nothing, or there is no worker.
        GonerdError: Another process works in `out`, or the kept results are not of `out`.
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: give at least 1")
    folders, done, clock = Folders(config, out.resolve()), Done(), Clock.of(minutes)
    every = plan(config, folders)
    asked = [] if list(only) == [DEEPEN] else chosen(every, [one for one in only if one != DEEPEN])
    works = with_needs(asked, every)
    with only_writer(folders.work):
        check_own(config, folders, works)
        try:
            if workers == 1:
                _in_turn(works, clock, done, redo, tell)
            else:
                with Team(config, folders, workers, redo) as team:
                    side_by_side(works, team, clock, done, tell)
            for work in _deeper(config, folders, only, done):
                if clock.is_up():
                    done.left.append(work.name)
                    break
                tell(f"[{DEEPEN}] {done.add(attempt(work, redo, done.failed))}")
        finally:
            keep_summary(config, folders)
    return done


def _in_turn(works: Sequence[Work], clock: Clock, done: Done, redo: bool, tell: Callable[[str], None]) -> None:
    for number, work in enumerate(works, start=1):
        if not passes_over(work, clock, done):
            tell(f"[{number}/{len(works)}] {done.add(attempt(work, redo, done.failed))}")


def states(config: Replicate, out: Path, only: Sequence[str] = ()) -> Iterator[tuple[Work, State]]:
    """Tells how each piece of work stands; reads files below `out` alone.

    Raises:
        UsageError: A pattern names nothing.
    """
    for work in chosen(plan(config, Folders(config, out.resolve())), only):
        yield work, work.stands()


def _models_of(config: Replicate, folders: Folders, cells: Sequence[Cell]) -> Iterator[Work]:
    """Yields what makes the models of cells, where a further seed has its own that are not there yet."""
    for cell in cells:
        for work in model_works(config, folders, cell.seed):
            if work.name == f"model/{cell.made}" and work.stands().what != DONE:
                yield work


def _deeper(config: Replicate, folders: Folders, only: Sequence[str], done: Done) -> Iterator[Work]:
    """Yields further seeds while there are any, one pair at a time, since each changes what is widest."""
    if config.deepen is None or done.left or done.failed or (only and not {DEEPEN, "cell"} & set(only)):
        return
    deeper = False
    while cells := further(config, folders, {*done.failed, *done.done}):
        deeper = True
        yield from _models_of(config, folders, cells)
        yield from (work_of(cell) for cell in cells)
    if deeper:
        yield report_work(config, folders)
