"""Result files: one documented, versioned schema; files of older versions load through upgrades."""

from __future__ import annotations

from .efficiency import Cell, EfficiencyResult, NotMeasured
from .reading import CURRENT, Result, parse, read_result
from .scores import ScoresResult

__all__ = ["CURRENT", "Cell", "EfficiencyResult", "NotMeasured", "Result", "ScoresResult", "parse", "read_result"]
