"""Tasks on this machine: in this process, or in several."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from copy import copy, deepcopy
from functools import partial
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.utils.logging import logger

from gonerd.progress import track

from .processes import Processes, told_apart
from .stages import Run, Stage
from .watch import Watch

_CONSOLE = "console.log"


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
        with told_apart():
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
def _to_file(path: Path) -> Iterator[None]:
    """Sends what would be printed to a file; datatrove logs every task to the console as well."""
    with path.open("a", encoding="utf-8") as stream, contextlib.redirect_stderr(stream):
        yield
        logger.remove()
