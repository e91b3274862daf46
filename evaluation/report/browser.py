"""The error browser: examples that a student or its teacher gets wrong, those that changed most first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gonerd.evaluation.compare.same import ordered
from gonerd.evaluation.metrics import METRICS
from gonerd.evaluation.results import Scored
from gonerd.evaluation.tasks import TASKS, Task

from .marks import Stretch
from .showing import Shown, show
from .texts import Texts


@dataclass(frozen=True)
class Entry:
    """An example in the browser.

    Attributes:
        id: Its identifier.
        kinds: Of "lost", "gained" and "wrong", those that occur in it.
        lost: How much the teacher gets right and the student does not.
        gained: The other way round.
        shown: What is shown of it.
    """

    id: str
    kinds: tuple[str, ...]
    lost: int
    gained: int
    shown: Shown


@dataclass(frozen=True)
class Browser:
    """The examples of one task and pair that are shown.

    Attributes:
        teacher: Name of the teacher.
        student: Name of the student.
        entries: The examples.
        erring: How many examples have an error of either.
        examples: How many there are.
        reason: Why some or all have no text.
    """

    teacher: str
    student: str
    entries: list[Entry]
    erring: int
    examples: int
    reason: str


def browse(names: tuple[str, str], pair: tuple[Scored, Scored], texts: Texts, most: int) -> Browser:
    """Chooses the examples.

    Args:
        names: Teacher and student.
        pair: Their predictions for the same examples.
        texts: The texts, as far as they may be shown.
        most: Most examples to show.

    Raises:
        GonerdError: The two hold different examples.
    """
    task = TASKS.get(pair[0].result.task.name)
    first, second = pair[0].matched, ordered(pair[1], pair[0])
    rows = zip(first.ids, first.gold, first.predicted, second.predicted, strict=True)
    found = [row for row in (_judged(task, *row) for row in rows) if row is not None]
    found.sort(key=lambda row: (-row.lost - row.gained, -row.weight))  # stable: equal ones stay in their order
    entries = []
    for row in found[:most]:
        shown = show(task, row.gold, (row.first, row.second), texts.examples.get(row.id))
        marked = {piece.kind for piece in shown.pieces if isinstance(piece, Stretch)} - {"agreed"}
        kinds = marked if row.lost + row.gained == 0 and marked else {*row.kinds(), *(marked & {"wrong"})}
        entries.append(Entry(row.id, tuple(sorted(kinds)), row.lost, row.gained, shown))
    return Browser(*names, entries, len(found), len(first.ids), texts.reason)


@dataclass(frozen=True)
class _Judged:
    id: str
    gold: Any
    first: Any
    second: Any
    lost: int
    gained: int
    weight: float

    def kinds(self) -> Iterator[str]:
        yield from ["lost"] if self.lost else []
        yield from ["gained"] if self.gained else []
        yield from ["wrong"] if not self.lost and not self.gained else []


def _judged(task: Task, key: str, gold: Any, first: Any, second: Any) -> _Judged | None:
    """Judges an example; None where both get it right, and nothing besides."""
    if first == second == gold:
        return None
    right = METRICS.get(task.headline[0]).right
    if right is None:  # numbers: the further off the student is than the teacher, the earlier
        return _Judged(key, gold, first, second, 0, 0, abs(second - gold) - abs(first - gold))
    a, b = right(gold, first), right(gold, second)
    lost, gained = len(a - b), len(b - a)
    if task.kind == "token-classification":  # where right and wrong may stand side by side
        return _Judged(key, gold, first, second, lost, gained, len(right(gold, gold) - a - b))
    # A class or an answer: another wording of a right one is right.
    return None if a and a == b else _Judged(key, gold, first, second, lost, gained, not a and not b)
