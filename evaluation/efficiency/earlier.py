"""What an earlier run measured, and how much of it still holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.evaluation.schema import Cell, EfficiencyResult, NotMeasured, read_result
from gonerd.evaluation.schema.parts import Environment

from .plan import EfficiencySettings, Facts, Group, Key


@dataclass
class Measured:
    """A group that was measured in turn."""

    cells: list[Cell] = field(default_factory=list)
    missing: list[NotMeasured] = field(default_factory=list)

    @property
    def hashes(self) -> dict[str, str]:
        """The weights of each model in it, by name."""
        return {cell.model: cell.weights_sha256 for cell in self.all if cell.role == "model"}

    @property
    def all(self) -> list[Cell | NotMeasured]:
        """Those with figures and those without."""
        return [*self.cells, *self.missing]


def earlier(
    path: Path,
    where: dict[str, Any],
    known: dict[str, Facts],
    settings: EfficiencySettings,
    tell: Callable[[str], None],
) -> dict[Key, Measured]:
    """Reads the groups of a file that can stand beside new ones.

    Args:
        path: The result file, which need not exist.
        where: Environment and hardware of now.
        known: The models of now, by name.
        settings: What is measured now.
        tell: Takes a line for the user, when groups do not hold any more.

    Returns:
        Groups of the same environment, hardware and seed that hold no other weights under a name of now.

    Raises:
        GonerdError: The file holds something else.
    """
    if not path.exists():
        return {}
    result = read_result(path)
    if not isinstance(result, EfficiencyResult):
        raise GonerdError(f"{path}: holds scores, and times are written here; choose another --out")
    here = Environment.model_validate(where["environment"]), where["hardware"], settings.seed
    if (result.environment, result.hardware, result.seed) != here:
        tell(f"{path}: was measured in another environment or with another seed, and is measured anew")
        return {}
    found: dict[Key, Measured] = defaultdict(Measured)
    for cell in result.cells:
        found[cell.malloc or "", cell.batch, cell.length].cells.append(cell)
    for missing in result.not_measured:
        found[missing.malloc, missing.batch, missing.length].missing.append(missing)
    now = {name: facts.weights_sha256 for name, facts in known.items()}
    held = {
        key: group
        for key, group in found.items()
        if all(now.get(name, sha) == sha for name, sha in group.hashes.items())
    }
    if len(held) < len(found):
        tell(f"{path}: {len(found) - len(held)} of {len(found)} groups hold other weights, and are left out")
    return held


def covers(measured: Measured | None, group: Group, settings: EfficiencySettings) -> bool:
    """Whether everything that a group asks for was measured, in turn and as the settings say."""
    if measured is None:
        return False
    for cell in measured.cells:
        if (cell.repeats, cell.dtype) != (settings.repeats, f"torch.{settings.dtype}"):
            return False
    failed = {cell.model for cell in measured.missing}
    if settings.retry and any(cell.against is None and cell.model in failed for cell in group.cells):
        return False
    return {cell.model for cell in group.cells} <= {cell.model for cell in measured.all}
