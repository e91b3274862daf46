"""Worker processes of this machine, which end with the process that started them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self, TypeVar

from gonerd.errors import GonerdError

Result = TypeVar("Result")


class Processes:
    """Worker processes that serve all stages of a run.

    Args:
        workers: How many there are at the same time.
        console: File for what they print.
    """

    def __init__(self, workers: int, console: Path) -> None:
        self.workers, self.console = workers, console
        self._others = set(multiprocessing.active_children())
        self._pool: ProcessPoolExecutor | None = None

    @property
    def pool(self) -> ProcessPoolExecutor:
        """The processes, started on first use."""
        if self._pool is None:
            context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
            self._pool = ProcessPoolExecutor(self.workers, context, _begin, (self.console,))
        return self._pool

    def each(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Calls a function in every process at once, for what it leaves there; returns what the first of them says.

        Raises:
            GonerdError: A process was ended from outside.
        """
        with told_apart():
            calls = [self.pool.submit(function, *arguments) for _ in range(self.workers)]
            return next(as_completed(calls)).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.kill()  # where a task failed, those in flight end, so that nothing that is done is done again
        self.close()

    def close(self) -> None:
        """Ends them when what they do is done; those that are asked for next are fresh ones."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None

    def kill(self) -> None:
        """Ends them at once."""
        for child in set(multiprocessing.active_children()) - self._others:
            child.terminate()


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Says in one sentence that a process is gone, which is nobody's fault in the code."""
    try:
        yield
    except BrokenProcessPool as error:
        raise GonerdError(
            "a worker process was ended from outside, perhaps for want of memory; run the same command again to "
            "continue, with fewer --workers if it recurs"
        ) from error


def _begin(console: Path) -> None:
    """Prepares a worker process."""
    stream = console.open("a", encoding="utf-8", buffering=1)
    sys.stdout = sys.stderr = stream
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
