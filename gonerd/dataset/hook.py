"""After `import gonerd`, plain `datasets.load_dataset("gonerd")` is the packaged release, from any folder.

To `datasets` a bare name is a folder here or else a repository on the hub, and a builder registered under a name
first globs the whole working directory. So the one function through which every way of loading passes is wrapped
the moment `datasets` is imported. gonerd itself never imports it for that.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .names import BARE_NAME, bare_release

_MODULE = "datasets.load"
_FUNCTION = "dataset_module_factory"
_MARK = "_knows_gonerd"


def install() -> None:
    """Makes the bare name known to `datasets`, whether it is imported already or later; calling it again is safe."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if loaded := sys.modules.get(_MODULE):
        _wrap_factory(loaded)


class _Finder(MetaPathFinder):
    """Lets the others find `datasets.load`, and wraps its factory right after it has run."""

    def __init__(self) -> None:
        self._asking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if fullname != _MODULE or self._asking:
            return None
        self._asking = True  # another hook may ask everybody in turn, us included
        try:
            finders = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
            spec = next((s for finder in finders if (s := finder.find_spec(fullname, path, target))), None)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            _run_after(spec.loader)
        return spec


def _run_after(loader: Any) -> None:
    """Has `loader` wrap the factory after it has run `datasets.load`; everything else about it stays as it is."""
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        if module.__name__ == _MODULE:  # a zip's loader serves every module in it
            _wrap_factory(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:  # a loader that takes no attributes: `gonerd.load_dataset` works without us
        return


def _wrap_factory(module: ModuleType) -> None:
    """Wraps the factory in `module` and wherever `datasets` has already taken it from there.

    A `datasets` without this function is left alone; so is somebody's own module of that name.
    """
    factory = getattr(module, _FUNCTION, None)
    if not callable(factory) or hasattr(factory, _MARK):
        return

    @functools.wraps(factory)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        revision = kwargs.get("revision", args[1] if len(args) > 1 else None)
        if args and args[0] == BARE_NAME:
            args = (str(bare_release(revision)), *args[1:])
        elif kwargs.get("path") == BARE_NAME:
            kwargs["path"] = str(bare_release(revision))
        return factory(*args, **kwargs)

    setattr(wrapped, _MARK, True)
    for name, user in list(sys.modules.items()):
        if name.partition(".")[0] == "datasets" and getattr(user, _FUNCTION, None) is factory:
            setattr(user, _FUNCTION, wrapped)
    setattr(module, _FUNCTION, wrapped)
