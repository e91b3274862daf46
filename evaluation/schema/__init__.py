"""Result files: one documented, versioned schema; files of older versions load through upgrades."""

from __future__ import annotations

from .reading import CURRENT, parse, read_result
from .records import Cell, EfficiencyResult, NotMeasured, Result, ScoresResult

__all__ = ["CURRENT", "Cell", "EfficiencyResult", "NotMeasured", "Result", "ScoresResult", "parse", "read_result"]
