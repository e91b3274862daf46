"""One file for one thing: plug-ins are modules of a folder, found by themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

from .errors import GonerdError, unknown_name

Thing = TypeVar("Thing")


class Registry(Generic[Thing]):
    """The things that the modules of one package bring, by name.

    Every public module of the package and of its folders is imported on first use and must register exactly under
    its own name what it brings; a broken module raises rather than vanish from the list.

    Args:
        kind: What to call one of them in a message, for instance "attention".
        package: Import name of the package whose modules are searched.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._things: dict[str, Thing] = {}
        self._searched = False

    def register(self, name: str) -> Callable[[Thing], Thing]:
        """Returns a decorator that registers a thing.

        Raises:
            GonerdError: The name is taken.
        """

        def keep(thing: Thing) -> Thing:
            if name in self._things:
                raise GonerdError(f"two modules register the {self.kind} {name!r}; rename one")
            self._things[name] = thing
            return thing

        return keep

    def names(self) -> list[str]:
        """Lists every registered name."""
        return sorted(self._found())

    def _found(self) -> dict[str, Thing]:
        if not self._searched:
            self._search(self.package)
            self._searched = True
        return self._things

    def _search(self, package: str) -> None:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            if module.name.startswith("_"):
                continue
            importlib.import_module(f"{package}.{module.name}")
            if module.ispkg:
                self._search(f"{package}.{module.name}")

    def get(self, name: str) -> Thing:
        """Returns the thing of that name.

        Raises:
            UsageError: There is none; the message names the nearest.
        """
        found = self._found()
        if name not in found:
            raise unknown_name(self.kind, name, found)
        return found[name]
