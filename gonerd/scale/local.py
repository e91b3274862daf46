"""Tasks on this machine: in this process, or in several."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from copy import copy, deepcopy
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self, TypeVar

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.utils.logging import logger

from gonerd.errors import GonerdError
from gonerd.progress import track

from .stages import Run, Stage
from .watch import Watch

_CONSOLE = "console.log"
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
        with _told_apart():
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


class Here(LocalPipelineExecutor):  # type: ignore[misc]
    """datatrove's local executor on the standard library's processes.

    Its own pool waits for ever when a worker is killed, for want of memory for instance, and starts a manager process
    even for one worker. Tasks, markers, statistics and logs are datatrove's.
    """

    def run(self, processes: Processes | None = None, recycle: int | None = None) -> None:
        """Runs the tasks that are not marked as completed.

        Args:
            processes: Where they run; in this process when None.
            recycle: Tasks for each process after which all give way to fresh ones, never when None.
        """
        ranks = self.get_incomplete_ranks()
        folder = Path(self.logging_dir.resolve_paths(""))
        done = self._in_turn(ranks, folder) if processes is None else self._in_pool(ranks, processes, recycle)
        for _ in track(done, folder.name, total=len(ranks)):
            pass

    def _in_turn(self, ranks: list[int], folder: Path) -> Iterator[int]:
        for rank in ranks:
            task = copy(self)
            task.pipeline = deepcopy(self.pipeline)  # every task counts for itself
            with _to_file(folder / _CONSOLE):
                task._run_for_rank(rank)
            yield rank

    def _in_pool(self, ranks: list[int], processes: Processes, recycle: int | None) -> Iterator[int]:
        """Yields the number of each task that is done.

        The standard library's `max_tasks_per_child` would replace one process at a time, but Python 3.11's may hang.
        """
        share = processes.workers * recycle if recycle else max(1, len(ranks))
        with _told_apart():
            for first in range(0, len(ranks), share):
                if first:
                    processes.close()
                some = ranks[first : first + share]
                futures = {processes.pool.submit(self._run_for_rank, rank): rank for rank in some}
                for done in as_completed(futures):
                    done.result()
                    yield futures[done]


def run_here(stage: Stage, folder: Path, tasks: int, workers: int, processes: Processes | None = None) -> None:
    """Runs one stage on this machine; see `run_stages`."""
    folder.mkdir(parents=True, exist_ok=True)
    logger.remove()  # what tasks log goes to their files; the console has one line
    try:
        here = Here([*stage.steps, Watch(folder)], tasks=tasks, workers=workers, logging_dir=str(folder))
        here.run(processes, stage.recycle)
    finally:
        logger.remove()


@contextlib.contextmanager
def session(stages: Sequence[Stage], folder: Path, workers: int, processes: Processes | None = None) -> Iterator[Run]:
    """Yields what runs a stage: in this process, or in several that serve all stages.

    A single task runs in one of them too, where by then everything is imported. Processes that are there already serve
    where there are any.
    """
    if workers == 1:
        yield run_here
        return
    if processes is not None:
        yield partial(run_here, processes=processes)
        return
    # Imported once, in the process that workers are forked from; it lives as long as this one.
    multiprocessing.set_forkserver_preload(
        sorted({type(step).__module__ for stage in stages for step in stage.steps} - {"__main__"})
    )
    folder.mkdir(parents=True, exist_ok=True)
    with Processes(workers, folder / _CONSOLE) as processes:
        yield partial(run_here, processes=processes)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Says in one sentence that a process is gone, which is nobody's fault in the code."""
    try:
        yield
    except BrokenProcessPool as error:
        raise GonerdError(
            "a worker process was ended from outside, perhaps for want of memory; run the same command again to "
            "continue, with fewer --workers if it recurs"
        ) from error


@contextlib.contextmanager
def _to_file(path: Path) -> Iterator[None]:
    """Sends what would be printed to a file; datatrove logs every task to the console as well."""
    with path.open("a", encoding="utf-8") as stream, contextlib.redirect_stderr(stream):
        yield
        logger.remove()


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
