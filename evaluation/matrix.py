"""The matrix of models and tasks, cell by cell or several at once; a cell that fails costs no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.models.distill.processes import processes

from .entries import Entry
from .naming import cell_name
from .places import Place
from .run import RunSettings, evaluate_model
from .schema import ScoresResult, read_result
from .subject import bears_head
from .tasks import TASKS

_GONERD_ERROR = 3  # exit code of a cell whose last line is the sentence to pass on


@dataclass(frozen=True)
class Cell:
    """A model, a task with its data, and how to evaluate, the seed included."""

    model: str
    place: Place
    settings: RunSettings

    @property
    def name(self) -> str:
        """What its result is called."""
        return cell_name(self.model, self.place, self.settings.seed)


def cells_of(
    models: Sequence[str], places: Sequence[Place], settings: RunSettings, seeds: Sequence[int] = ()
) -> list[Cell]:
    """Lists the cells, task by task.

    Several seeds are for models that are fine-tuned; one that has its head already is scored once.

    Raises:
        GonerdError: A model cannot be found, or has a head that is not supported.
    """
    found = []
    for place in places:
        for model in models:
            drawn = [None] if not seeds or bears_head(model, place.task) else seeds
            found += [Cell(model, place, replace(settings, seed=seed)) for seed in drawn]
    return found


def run_cells(cells: Sequence[Cell], out: Path, jobs: int = 1) -> Iterator[tuple[Cell, ScoresResult | GonerdError]]:
    """Evaluates cells.

    Args:
        cells: The cells.
        out: Folder of the results.
        jobs: Cells that run at the same time, each in a process of its own, with its share of the processor's threads
            and, where there are GPUs, one of these.

    Yields:
        Each cell with its result or with what went wrong, in the order given.
    """
    if jobs == 1:
        for cell in cells:
            yield cell, _here(cell, out)
        return
    if processes().num_processes > 1:
        raise UsageError("--jobs: under accelerate launch the processes share the examples of a cell; leave it out")
    slots: SimpleQueue[int] = SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)

    def run(cell: Cell) -> ScoresResult | GonerdError:
        slot = slots.get()
        try:
            return _in_a_process(cell, out, _share(slot, jobs))
        finally:
            slots.put(slot)

    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(cells, pool.map(run, cells), strict=True)


def _here(cell: Cell, out: Path) -> ScoresResult | GonerdError:
    try:
        return evaluate_model(cell.model, out, cell.place, cell.settings)
    except Exception as error:
        if processes().num_processes > 1:  # the others would wait for this one for ever
            raise
        if isinstance(error, GonerdError):
            return error
        traceback.print_exc()
        return GonerdError(f"{type(error).__name__}: {error}")


def _share(slot: int, jobs: int) -> dict[str, str]:
    """Returns the environment of a process: its threads, and its GPU."""
    import torch

    threads = str(max((os.cpu_count() or 1) // jobs, 1))
    share = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(torch.cuda.device_count()))))
    if gpus:
        share["CUDA_VISIBLE_DEVICES"] = gpus.split(",")[slot % len(gpus.split(","))]
    return share


def _in_a_process(cell: Cell, out: Path, share: dict[str, str]) -> ScoresResult | GonerdError:
    # -P: a folder called gonerd in the working directory must not stand in for the installed package.
    command = [sys.executable, "-P", "-m", "gonerd.evaluation.matrix", json.dumps([as_json(cell), str(out)])]
    done = subprocess.run(
        command, env={**os.environ, **share}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if done.returncode == _GONERD_ERROR:
        return GonerdError(lines[-1])
    if done.returncode:
        return GonerdError(f"the process of the cell failed with exit code {done.returncode}: {lines[-1]}")
    result = read_result(out / f"{cell.name}.json")
    assert isinstance(result, ScoresResult)
    return result


def as_json(cell: Cell) -> dict[str, Any]:
    """Returns a cell as another process takes it."""
    place = cell.place
    return {
        "model": cell.model,
        "place": {
            "name": place.name,
            "task": place.task.name,
            "data_dir": None if place.data_dir is None else str(place.data_dir),
            "entry": place.entry.model_dump(),
        },
        "settings": asdict(cell.settings),
    }


def from_json(value: dict[str, Any]) -> Cell:
    """Reads what `as_json` wrote."""
    told = value["place"]
    folder = None if told["data_dir"] is None else Path(told["data_dir"])
    place = Place(told["name"], TASKS.get(told["task"]), folder, Entry.model_validate(told["entry"]))
    return Cell(value["model"], place, RunSettings(**value["settings"]))


if __name__ == "__main__":
    said, folder = json.loads(sys.argv[1])
    mine = from_json(said)
    try:
        evaluate_model(mine.model, Path(folder), mine.place, mine.settings)
    except GonerdError as error:
        print(error, file=sys.stderr)
        sys.exit(_GONERD_ERROR)
