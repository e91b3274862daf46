"""A process for each cell of a measurement, which computes when it is asked to: `python -m MODULE '{…}'`.

Only a fresh process has a peak of memory that belongs to one cell, and an allocator with settings of its own; several
that wait for their turn meet whatever else the machine does alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError

ERROR = "error"  # an answer that is raised where it is heard
_LONGEST = 400  # characters of a reason


class Child:
    """One cell's process; a context that ends it.

    Args:
        module: Import name of the module that it runs, whose last lines call `serve`.
        title: What to call it in messages.
        job: What it measures.
        malloc: Variables of the allocator.
        threads: Threads it may use.
    """

    def __init__(
        self, module: str, title: str, job: Mapping[str, Any], malloc: Mapping[str, str], threads: int
    ) -> None:
        self.title = title
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (see __exit__)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        # An idle thread that spins would take the processor from the cell whose turn it is.
        limits = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
        self.process = subprocess.Popen(
            # -P: a folder called gonerd in the working directory must not stand in for the installed package.
            [sys.executable, "-P", "-m", module, json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**clean, **malloc, **limits},
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._errors.close()

    def turn(self, word: str = "") -> dict[str, Any]:
        """Lets it compute once; returns its answer.

        Args:
            word: What to do, where it can do several things.

        Raises:
            GonerdError: The process ended instead.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it died of is told below
        return self.heard()

    def heard(self) -> dict[str, Any]:
        """Reads an answer.

        Raises:
            GonerdError: The process ended instead, and the message says of what; or what it answers is an error.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise GonerdError(f"{self.title}: {self._cause(self.process.wait())}")
        answer: dict[str, Any] = json.loads(line)
        if ERROR in answer:
            raise GonerdError(answer[ERROR])
        return answer

    def _cause(self, code: int) -> str:
        if code < 0:
            why = ", most likely for memory" if code == -signal.SIGKILL else ""
            return f"killed by signal {signal.Signals(-code).name}{why}"
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines() or ["no reason given"]
        return f"{lines[-1][:_LONGEST]} (exit code {code})"


def serve(main: Callable[[dict[str, Any], Any, Callable[[dict[str, Any]], None]], None]) -> None:
    """Runs a child's side: `main(job, lines, answer)`, where a line read is a turn, answered by a dictionary."""

    def answer(values: dict[str, Any]) -> None:
        print(json.dumps(values), flush=True)

    with contextlib.suppress(OSError):  # where memory runs out, the kernel is to end a cell and not who waits for it
        Path("/proc/self/oom_score_adj").write_text("1000")
    try:
        main(json.loads(sys.argv[1]), sys.stdin, answer)
    except GonerdError as error:
        answer({ERROR: str(error)})
        sys.exit(error.exit_code)
