"""A step for executors, in a module of its own so that other processes can import it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError


class Note:
    """A step that writes down which task ran, and fails where it is told to."""

    def __init__(self, folder: Path, name: str, fails: tuple[int, ...] = (), error: str = "known") -> None:
        self.folder, self.name, self.fails, self.error = folder, name, fails, error

    def __call__(self, data: Any, rank: int, world_size: int) -> Iterator[int]:
        if rank in self.fails:
            raise GonerdError(f"task {rank} cannot") if self.error == "known" else ZeroDivisionError("by zero")
        with (self.folder / self.name).open("a") as file:
            file.write(f"{rank}/{world_size}\n")
        (self.folder / f"{self.name}-{rank}.process").write_text(f"{os.getpid()} {os.getppid()}")
        yield rank


class Process:
    """A step that writes down which process a task ran in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, data: Any, rank: int, world_size: int) -> Iterator[int]:
        (self.folder / str(rank)).write_text(str(os.getpid()))
        yield rank


def meet(folder: Path) -> str:
    """Leaves a file, waits for that of another process, and returns the name of its own."""
    mine = folder / str(os.getpid())
    mine.touch()
    while sum(path.name.isdecimal() for path in folder.iterdir()) < 2:
        time.sleep(0.01)
    return mine.name
