"""Measuring group by group into one file: a killed run goes on where it was, and keeps what was measured in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.environment import environment
from gonerd.evaluation.naming import check_names, model_name
from gonerd.evaluation.schema import CURRENT, EfficiencyResult
from gonerd.files import only_writer, write_text
from gonerd.models.bench.machine import machine
from gonerd.models.process import Child
from gonerd.progress import track

from .earlier import Measured, covers, earlier
from .plan import EfficiencySettings, Facts, Key, groups
from .turns import CHILD, measure

FILE = "efficiency.json"


def measure_efficiency(
    models: Sequence[str | Path],
    out: Path,
    settings: EfficiencySettings | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> EfficiencyResult:
    """Measures every model, and baselines beside it, at every length and batch size, and writes `OUT/efficiency.json`.

    Cells of one length, batch size and setting of the allocator take turns, so that a drift of the machine meets them
    alike, and only their ratios mean something. The file is written after each such group. What it holds already stays
    if it was measured in the same environment, with the same weights and settings; a group of which a part is missing
    is measured again as a whole.

    Args:
        models: Folders or hub ids; the first is the one that ratios are taken to.
        out: Folder of the results.
        settings: What to measure.
        tell: Takes a line for the user.

    Returns:
        What was written.

    Raises:
        UsageError: A name occurs twice or is unknown, or there is nothing to measure.
        GonerdError: A model cannot be loaded, or no cell of one could be measured.
    """
    settings = settings or EfficiencySettings()
    settings.check()
    names = [model_name(model) for model in models]
    if not names:
        raise UsageError("efficiency needs at least one model")
    check_names(names)
    where: dict[str, Any] = {"environment": _environment(settings), "hardware": machine()}
    threads: int = where["environment"]["threads"]
    with only_writer(out):
        known = {name: _facts(model, threads) for name, model in zip(names, models, strict=True)}
        plan = groups(known, settings)
        done = earlier(out / FILE, where, known, settings, tell)
        left = [group for group in plan if not covers(done.get(group.key), group, settings)]
        if len(left) < len(plan):
            tell(f"{len(plan) - len(left)} of {len(plan)} groups were measured already, in this environment")
        for group in track(left, "measure"):
            done[group.key] = measure(group, settings, threads)
            write_text(out / FILE, _result(done, settings, where).model_dump_json(indent=2) + "\n")
    result = _result(done, settings, where)
    for name in names:
        if not any(cell.model == name for cell in result.cells):
            reason = next(cell.reason for cell in result.not_measured if cell.model == name)
            raise GonerdError(f"{name}: could not be measured in any cell: {reason}")
    return result


def _environment(settings: EfficiencySettings) -> dict[str, Any]:
    found = environment()
    return found if settings.threads is None else {**found, "threads": settings.threads}


def _facts(model: str | Path, threads: int) -> Facts:
    """Loads a model in a process of its own, whose memory goes with it."""
    with Child(CHILD, str(model), {"facts": str(model)}, {}, threads) as child:
        return Facts(**child.heard())


def _result(done: dict[Key, Measured], settings: EfficiencySettings, where: dict[str, Any]) -> EfficiencyResult:
    ordered = [done[key] for key in sorted(done)]
    return EfficiencyResult(
        schema_version=CURRENT,
        kind="efficiency",
        seed=settings.seed,
        cells=[cell for group in ordered for cell in group.cells],
        not_measured=[cell for group in ordered for cell in group.missing],
        **where,
    )
