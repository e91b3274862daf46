"""Rules over a draft, one file each, found by themselves: legal and news knowledge that a pipeline lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gonerd.annotation.draft import Draft, Edit
from gonerd.errors import unknown_name
from gonerd.registry import Registry

Find = Callable[[Draft], Iterable[Edit]]


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        name: That of its module.
        order: Rules run in ascending order; a later one sees, and may change, what an earlier one did.
        find: What it wants of a draft.
        again: Whether it runs once more after a reader: what it goes by stands in the text, or it makes further names
            of those that a reader sees.
    """

    name: str
    order: int
    find: Find
    again: bool = False


RULES: Registry[Rule] = Registry("rule", "gonerd.annotation.rules")


def rule(name: str, order: int, again: bool = False) -> Callable[[Find], Find]:
    """Returns a decorator that registers a function as the rule `name`."""

    def keep(find: Find) -> Find:
        RULES.register(name)(Rule(name, order, find, again))
        return find

    return keep


def chosen(names: Sequence[str] | None = None, without: Sequence[str] = ()) -> list[Rule]:
    """Lists rules in the order in which they run.

    Args:
        names: Those that run; all when None.
        without: Those that do not.

    Raises:
        UsageError: A name is unknown; the message has the nearest.
    """
    known = RULES.names()
    for name in (*(names or ()), *without):
        if name not in known:
            raise unknown_name("rule", name, known)
    wanted = known if names is None else names
    return sorted((RULES.get(n) for n in wanted if n not in without), key=lambda r: (r.order, r.name))


def apply_rules(draft: Draft, rules: Sequence[Rule]) -> None:
    """Runs rules over a draft, one after the other."""
    for each in rules:
        draft.apply(each.name, each.find(draft))
