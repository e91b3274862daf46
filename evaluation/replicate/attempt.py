"""Doing one piece of work, whatever goes wrong in it, and until when new work begins."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection
from dataclasses import dataclass

from gonerd.errors import GonerdError
from gonerd.room import no_room

from .work import DONE, OTHERWISE, Done, Outcome, Work


def attempt(work: Work, redo: bool, failed: Collection[str]) -> Outcome:
    """Does a piece of work.

    Args:
        work: The work.
        redo: Whether it is done again where it was done with other settings.
        failed: Names of the work that went wrong before.

    Returns:
        What was done, or what went wrong: a failure in one piece costs no other.
    """
    lost = [name for name in work.needs if name in failed]
    begin = time.monotonic()
    try:
        state = work.state()
        if state.what == OTHERWISE and (not redo or work.discard is None):
            raise GonerdError(f"was done with other settings: {state.remark}")
        if lost:
            raise GonerdError(f"needs {lost[0]}, which failed")
        if state.what == OTHERWISE and work.discard is not None:
            work.discard()
        return Outcome(work.name, f"{work.run()}, {time.monotonic() - begin:.0f} s")
    except GonerdError as error:
        return Outcome(work.name, error=str(error))
    except Exception as error:  # a bug or a full memory in one cell must not cost the night's others
        if sentence := no_room(error):
            return Outcome(work.name, error=sentence)
        traceback.print_exc()
        return Outcome(work.name, error=f"{type(error).__name__}: {error}")


def passes_over(work: Work, clock: Clock, done: Done) -> bool:
    """Tells whether a piece of work is not begun, as it is done or the time is up, and notes which."""
    if work.stands().what == DONE:
        done.before.append(work.name)
    elif clock.is_up():
        done.left.append(work.name)
    else:
        return False
    return True


@dataclass(frozen=True)
class Clock:
    """When nothing new begins any more; never when None."""

    ends: float | None

    @classmethod
    def of(cls, minutes: float | None) -> Clock:
        """Starts a clock that is up after so many minutes."""
        return cls(None if minutes is None else time.monotonic() + 60 * minutes)

    def is_up(self) -> bool:
        """Whether the time is up."""
        return self.ends is not None and time.monotonic() >= self.ends
