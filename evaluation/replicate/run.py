"""Doing the work of a replication, piece by piece, until it is done or the time is up."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError
from gonerd.files import only_writer

from .cells import work_of
from .deepen import further
from .own import check_own
from .places import Folders
from .plan import plan
from .reporting import report_work
from .summary import keep_summary
from .work import DONE, OTHERWISE, Done, State, Work, chosen

if TYPE_CHECKING:
    from .config import Replicate

DEEPEN = "deepen"


def replicate(
    config: Replicate,
    out: Path,
    only: Sequence[str] = (),
    minutes: float | None = None,
    redo: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Done:
    """Does what is left of a replication; a run that was killed or stopped goes on with the same command.

    Work that fails costs no other than what needs it.

    Args:
        config: The configuration.
        out: The working folder.
        only: Patterns of the names of work, and `DEEPEN` for further seeds; all when empty.
        minutes: Nothing new begins after so many.
        redo: Whether cells and times of other settings are done again rather than refused.
        tell: Takes a line for the user.

    Returns:
        What was done, what failed, what is left.

    Raises:
        UsageError: A pattern names nothing.
        GonerdError: Another process works in `out`, or the kept results are not of `out`.
    """
    folders, done, clock = Folders(config, out.resolve()), Done(), _Clock.of(minutes)
    works = [] if list(only) == [DEEPEN] else chosen(plan(config, folders), [one for one in only if one != DEEPEN])
    with only_writer(folders.work):
        check_own(config, folders)
        try:
            for number, work in enumerate(works, start=1):
                if work.stands().what == DONE:
                    done.before.append(work.name)
                elif clock.is_up():
                    done.left.append(work.name)
                else:
                    tell(f"[{number}/{len(works)}] {_do(work, redo, done)}")
            for work in _deeper(config, folders, only, done):
                if clock.is_up():
                    done.left.append(work.name)
                    break
                tell(f"[{DEEPEN}] {_do(work, redo, done)}")
        finally:
            keep_summary(config, folders)
    return done


@dataclass(frozen=True)
class _Clock:
    """When nothing new begins any more; never when None."""

    ends: float | None

    @classmethod
    def of(cls, minutes: float | None) -> _Clock:
        return cls(None if minutes is None else time.monotonic() + 60 * minutes)

    def is_up(self) -> bool:
        return self.ends is not None and time.monotonic() >= self.ends


def states(config: Replicate, out: Path, only: Sequence[str] = ()) -> Iterator[tuple[Work, State]]:
    """Tells how each piece of work stands; reads files below `out` alone.

    Raises:
        UsageError: A pattern names nothing.
    """
    for work in chosen(plan(config, Folders(config, out.resolve())), only):
        yield work, work.stands()


def _do(work: Work, redo: bool, done: Done) -> str:
    """Does a piece of work, and returns a line for the user."""
    lost = [name for name in work.needs if name in done.failed]
    begin = time.monotonic()
    try:
        state = work.state()
        if state.what == OTHERWISE and (not redo or work.discard is None):
            raise GonerdError(f"was done with other settings: {state.remark}")
        if lost:
            raise GonerdError(f"needs {lost[0]}, which failed")
        if state.what == OTHERWISE and work.discard is not None:
            work.discard()
        said = work.run()
    except GonerdError as error:
        done.failed[work.name] = str(error)
    except Exception as error:  # a bug or a full memory in one cell must not cost the night's others
        traceback.print_exc()
        done.failed[work.name] = f"{type(error).__name__}: {error}"
    else:
        done.done.append(work.name)
        return f"{work.name}: {said}, {time.monotonic() - begin:.0f} s"
    return f"error: {work.name}: {done.failed[work.name]}"


def _deeper(config: Replicate, folders: Folders, only: Sequence[str], done: Done) -> Iterator[Work]:
    """Yields further seeds while there are any, one pair at a time, since each changes what is widest."""
    if config.deepen is None or done.left or done.failed or (only and not {DEEPEN, "cell"} & set(only)):
        return
    deeper = False
    while cells := further(config, folders, {*done.failed, *done.done}):
        deeper = True
        yield from (work_of(cell) for cell in cells)
    if deeper:
        yield report_work(config, folders)
