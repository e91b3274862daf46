"""Tasks on this machine: in this process, or in several."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from copy import copy, deepcopy
from itertools import chain
from multiprocessing.connection import wait
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.utils.logging import logger

from gonerd.errors import GonerdError
from gonerd.progress import track

from .stages import Stage
from .watch import Watch

_CONSOLE = "console.log"


class Here(LocalPipelineExecutor):  # type: ignore[misc]
    """datatrove's local executor on the standard library's processes.

    Its own pool waits for ever when a worker is killed, for want of memory for instance, and starts a manager process
    even for one worker. Tasks, markers, statistics and logs are datatrove's.

    Attributes:
        recycle: Tasks for each worker after which all processes give way to fresh ones, never when None.
    """

    recycle: int | None = None

    def run(self) -> None:
        """Runs the tasks that are not marked as completed."""
        ranks = self.get_incomplete_ranks()
        folder = Path(self.logging_dir.resolve_paths(""))
        if self.workers == 1:
            for rank in track(ranks, folder.name):
                task = copy(self)
                task.pipeline = deepcopy(self.pipeline)  # every task counts for itself
                with _to_file(folder / _CONSOLE):
                    task._run_for_rank(rank)
        elif ranks:
            self._run_in_processes(ranks, folder)

    def _run_in_processes(self, ranks: list[int], folder: Path) -> None:
        share = self.workers * (self.recycle or len(ranks))
        rounds = [ranks[first : first + share] for first in range(0, len(ranks), share)]
        for _ in track(chain.from_iterable(self._round(some, folder) for some in rounds), folder.name, len(ranks)):
            pass

    def _round(self, ranks: list[int], folder: Path) -> Iterator[int]:
        """Runs tasks in processes of their own, and yields the number of each that is done.

        The standard library's `max_tasks_per_child` would replace one process at a time, but Python 3.11's may hang.
        """
        context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(self.workers, context, _begin, (folder / _CONSOLE,))
        try:
            futures = {pool.submit(self._run_for_rank, rank): rank for rank in ranks}
            for done in as_completed(futures):
                done.result()
                yield futures[done]
        except BrokenProcessPool as error:
            raise GonerdError(
                "a worker process was ended from outside, perhaps for want of memory; run the same command again to "
                "continue, with fewer --workers if it recurs"
            ) from error
        except BaseException:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def run_here(stage: Stage, folder: Path, tasks: int, workers: int) -> None:
    """Runs one stage on this machine; see `run_stages`."""
    folder.mkdir(parents=True, exist_ok=True)
    logger.remove()  # what tasks log goes to their files; the console has one line
    # Imported once, in the process that workers are forked from; it lives as long as this one.
    multiprocessing.set_forkserver_preload(sorted({type(step).__module__ for step in stage.steps} - {"__main__"}))
    try:
        here = Here([*stage.steps, Watch(folder)], tasks=tasks, workers=workers, logging_dir=str(folder))
        here.recycle = stage.recycle
        here.run()
    finally:
        logger.remove()


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
