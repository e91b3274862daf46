"""Work of a replication in several processes: what does not need each other is done side by side.

On a CPU two processes of one thread each train faster than one of two threads; on GPUs each process has its own.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import torch

from gonerd.errors import GonerdError
from gonerd.scale.processes import Processes, told_apart

from .attempt import Clock, attempt, passes_over
from .places import Folders
from .plan import plan
from .work import TO_DO, Done, Outcome, Work

if TYPE_CHECKING:
    from .config import Replicate


class Team:
    """Processes that each do one piece of work at a time.

    Args:
        config: The configuration.
        folders: Where everything lies.
        workers: How many processes.
        redo: See `run.replicate`.
    """

    def __init__(self, config: Replicate, folders: Folders, workers: int, redo: bool) -> None:
        self.config, self.folders, self.redo = config, folders, redo
        folders.work.mkdir(parents=True, exist_ok=True)
        multiprocessing.set_forkserver_preload([plan.__module__])  # imported once, for all of them
        self.threads = max(1, torch.get_num_threads() // workers)
        # A pool of one each: a process that has begun to compute on one GPU cannot be moved to another, and one that
        # dies takes no other's work with it.
        self._free = [Processes(1, folders.work / f"worker-{i}.log") for i in range(workers)]
        self._gpu = dict(zip(self._free, gpus(workers), strict=True))
        self._busy: dict[Future[Outcome], tuple[str, Processes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for one in self._free:
            self._stack.enter_context(one)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    @property
    def is_busy(self) -> bool:
        """Whether any of them works."""
        return bool(self._busy)

    @property
    def has_room(self) -> bool:
        """Whether any of them does not."""
        return bool(self._free)

    def begin(self, name: str, failed: Collection[str]) -> None:
        """Gives work to one that is free."""
        one = self._free.pop(0)
        told = (self.config, self.folders, name, self.redo, list(failed), self.threads, self._gpu[one])
        self._busy[one.pool.submit(_named, *told)] = name, one

    def finish(self) -> Outcome:
        """Waits for the first that is done."""
        future = next(iter(wait(self._busy, return_when=FIRST_COMPLETED).done))
        name, one = self._busy.pop(future)
        self._free.append(one)
        try:
            with told_apart():
                return future.result()
        except GonerdError as error:
            one.close()  # the next work gets a fresh process
            return Outcome(name, error=str(error))


def side_by_side(works: Sequence[Work], team: Team, clock: Clock, done: Done, tell: Callable[[str], None]) -> None:
    """Does work as soon as what it needs is done, in order otherwise.

    Args:
        works: The work, each behind what it needs.
        team: Who does it; what is to be alone is done by this process.
        clock: Until when new work begins.
        done: Takes what came of it.
        tell: Takes a line for the user.
    """
    waiting = {work.name: work for work in works}
    unfinished, count = set(waiting), 0

    def finished(outcome: Outcome) -> None:
        nonlocal count
        count += 1
        unfinished.discard(outcome.name)
        tell(f"[{count + len(done.before)}/{len(works)}] {done.add(outcome)}")

    while waiting or team.is_busy:
        work = _next(waiting.values(), unfinished, team.is_busy) if team.has_room else None
        if work is None:
            finished(team.finish())
            continue
        del waiting[work.name]
        if passes_over(work, clock, done):
            unfinished.discard(work.name)
        elif work.alone:
            finished(attempt(work, team.redo, done.failed))
        else:
            team.begin(work.name, done.failed)


def _next(works: Iterable[Work], unfinished: Collection[str], busy: bool) -> Work | None:
    """Returns the first that can begin; what is to be alone holds back what comes after it."""
    for work in works:
        if work.alone and busy:
            return None
        if not any(name in unfinished for name in work.needs):
            return work
    return None


def with_needs(works: Sequence[Work], every: Sequence[Work]) -> list[Work]:
    """Adds what the work needs and is not done: two pieces would make it at once, where both need it."""
    by_name, wanted = {work.name: work for work in every}, {work.name for work in works}
    for work in reversed(every):
        if work.name in wanted:
            others = {name for name in work.needs if name in by_name and name not in wanted}
            wanted |= {name for name in others if by_name[name].stands().what == TO_DO}
    return [work for work in every if work.name in wanted]


def gpus(workers: int) -> list[str | None]:
    """Returns the GPU of each worker, as `CUDA_VISIBLE_DEVICES` names it; None where there is none."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = told.split(",") if told else [str(i) for i in range(torch.cuda.device_count())]
    return [found[i % len(found)] if found else None for i in range(workers)]


def _named(
    config: Replicate, folders: Folders, name: str, redo: bool, failed: list[str], threads: int, gpu: str | None
) -> Outcome:
    """Does a piece of work in a worker, which makes the plan anew: what it holds cannot be sent."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    torch.set_num_threads(threads)
    return attempt(next(work for work in plan(config, folders) if work.name == name), redo, failed)
