"""What students save of time and memory, beside their teacher and beside what Hugging Face computes of it."""

from __future__ import annotations

from collections.abc import Sequence

from gonerd.evaluation.compare.kept import saved
from gonerd.evaluation.compare.resampling import Interval
from gonerd.evaluation.schema import Cell

from .evidence import Evidence

LENGTH = 4096
HUGGINGFACE, FULL = "huggingface", "full"


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


def saved_over_lengths(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Returns what each student saves of its teacher's time at each length."""
    found = [saved(cells_of(evidence, teacher), cells_of(evidence, student)) for teacher, student in pairs]
    return [float(row["time_saved"]) for one in found if one for row in one["cells"]]
