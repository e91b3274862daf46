"""A piece of work: what it is called, whether it is done, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from gonerd.errors import GonerdError, unknown_name

TO_DO, DONE, OTHERWISE = "to do", "done", "done otherwise"


@dataclass(frozen=True)
class State:
    """How a piece of work stands.

    Attributes:
        what: `TO_DO`, `DONE` or `OTHERWISE`: of another configuration.
        remark: In what it differs, or what is missing.
    """

    what: str
    remark: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.remark})" if self.remark else self.what


@dataclass(frozen=True)
class Work:
    """A piece of work.

    Attributes:
        name: KIND/NAME.
        state: Tells how it stands, from files alone.
        run: Does it, and says in a few words what was done.
        discard: Forgets what was done otherwise.
        needs: Names of the work that has to be done before.
        alone: Whether nothing else may run beside it: it measures times, or is of all that came before.
    """

    name: str
    state: Callable[[], State]
    run: Callable[[], str]
    discard: Callable[[], None] | None = None
    needs: Sequence[str] = field(default=())
    alone: bool = False

    def stands(self) -> State:
        """Returns its state; a file that was torn is told of, and costs the rest of the work nothing."""
        try:
            return self.state()
        except GonerdError as error:
            return State(OTHERWISE, str(error))
        except Exception as error:
            return State(OTHERWISE, f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Outcome:
    """What came of a piece of work.

    Attributes:
        name: Of the work.
        said: What was done, in a few words.
        error: What went wrong; empty where nothing did.
    """

    name: str
    said: str = ""
    error: str = ""

    def __str__(self) -> str:
        return f"error: {self.name}: {self.error}" if self.error else f"{self.name}: {self.said}"


@dataclass
class Done:
    """What came of a run.

    Attributes:
        done: Names of the work that was done now.
        before: Of that which was done already.
        failed: What went wrong, by name.
        left: Names of what the time did not suffice for.
    """

    done: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> Outcome:
        """Takes what came of a piece of work, and returns it."""
        if outcome.error:
            self.failed[outcome.name] = outcome.error
        else:
            self.done.append(outcome.name)
        return outcome


def chosen(works: Sequence[Work], patterns: Sequence[str]) -> list[Work]:
    """Returns the work that one of the patterns names, whole or as the part behind the slash; all when there is none.

    Raises:
        UsageError: A pattern names nothing.
    """
    for pattern in patterns:
        if not any(_named(work.name, pattern) for work in works):
            raise unknown_name("step", pattern, [work.name for work in works])
    return [work for work in works if not patterns or any(_named(work.name, pattern) for pattern in patterns)]


def _named(name: str, pattern: str) -> bool:
    kind, _, rest = name.partition("/")
    return pattern == kind or fnmatchcase(name, pattern) or fnmatchcase(rest, pattern)
