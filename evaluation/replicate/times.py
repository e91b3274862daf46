"""What students save of time and memory, beside their teacher and beside what Hugging Face computes of it."""

from __future__ import annotations

from gonerd.evaluation.compare.kept import saved
from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.schema import Cell

from .evidence import Evidence
from .systems import CTD, FULL, TEACHER, WINDOWS, System

LENGTH = 4096
HUGGINGFACE = "huggingface"


def cells_of(evidence: Evidence, model: str) -> list[Cell]:
    """Returns the cells of a model at one text a batch, in the first setting of the allocator that was measured."""
    found = [c for result in evidence.times.values() for c in result.cells if c.model == model and c.batch == 1]
    settings = list(dict.fromkeys(cell.malloc for cell in found))
    return sorted((c for c in found if c.malloc == settings[0]), key=lambda c: c.length) if found else []


def cell_at(evidence: Evidence, model: str, length: int = LENGTH) -> Cell | None:
    """Returns the cell of a model at a length; None where it was not measured."""
    return next((cell for cell in cells_of(evidence, model) if cell.length == length), None)


def hugging_face(evidence: Evidence, teacher: str, length: int = LENGTH) -> Cell | None:
    """Returns Hugging Face's own code of a teacher: of full attention the SDPA path, of others the same weights."""
    name = FULL if teacher == FULL else HUGGINGFACE
    return cell_at(evidence, f"{teacher}/{name}", length)


def why_not(evidence: Evidence, teacher: str, length: int = LENGTH) -> str | None:
    """Returns why there is no figure of Hugging Face's code of a teacher; None where it was not tried."""
    name = f"{teacher}/{HUGGINGFACE}"
    missing = [one for result in evidence.times.values() for one in result.not_measured if one.model == name]
    return next((one.reason for one in missing if one.length == length), None)


def timed_as(system: System) -> str:
    """Returns under which name the time of a model was measured.

    The students of an attention have one shape, and its teachers another.
    In windows it was measured beside full attention of the same size.
    """
    if system.attention == WINDOWS:
        return f"{FULL}/{WINDOWS}" if system.order == TEACHER else f"{FULL}-{CTD}/{WINDOWS}"
    return system.attention if system.order == TEACHER else f"{system.attention}-{CTD}"


def timed_pair(evidence: Evidence, system: System) -> tuple[Cell | None, Cell | None, Cell | None]:
    """Returns the cells of a student's teacher, of the student, and of Hugging Face's code of the teacher."""
    timed = cell_at(evidence, timed_as(system))
    if system.attention == WINDOWS:  # SDPA in windows is Hugging Face's code
        teacher = cell_at(evidence, f"{FULL}/{WINDOWS}")
        return teacher, timed, teacher
    return cell_at(evidence, str(system.teacher)), timed, hugging_face(evidence, str(system.teacher))


def time_saved(base: Cell | None, cell: Cell | None) -> Interval | None:
    """Returns the share of the time saved, with the least and the most of any round of turns."""
    if base is None or cell is None:
        return None
    value = 1 - cell.seconds / base.seconds
    rounds = [1 - b / a for a, b in zip(base.times, cell.times, strict=False)] or [value]
    return Interval(value, min(rounds), max(rounds))


def memory_saved(base: Cell | None, cell: Cell | None) -> float | None:
    """Returns the share of the peak of memory saved."""
    return None if base is None or cell is None else 1 - cell.peak_bytes / base.peak_bytes


def saved_over_lengths(evidence: Evidence, system: System) -> dict[int, float]:
    """Returns what a student saves of its teacher's time, by length."""
    windows = f"{FULL}/{WINDOWS}"
    teacher = windows if system.attention == WINDOWS else str(system.teacher)
    found = saved(cells_of(evidence, teacher), cells_of(evidence, timed_as(system)))
    return {row["length"]: float(row["time_saved"]) for row in found["cells"]} if found else {}
