"""The report of `gonerd evaluate report` over the working folder, with the predictions that stay there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from gonerd.evaluation.compare.pairs import CompareSettings
from gonerd.evaluation.report.write import ReportSettings, write_report
from gonerd.files import read_json, write_json

from .places import Folders
from .systems import all_systems
from .work import DONE, TO_DO, State, Work

if TYPE_CHECKING:
    from .config import Replicate

_MARK = "written.json"
_RESAMPLES = 500  # dozens of pairs on a dozen tasks; RESULTS.md draws more, over counts alone


def report_work(config: Replicate, folders: Folders) -> Work:
    """Returns the report as a piece of work; it is written again whenever results came."""

    def facts() -> dict[str, Any]:
        """Returns the results by name, each with the hash of its file."""
        places = [folders.results, *(folders.times(told.max_length) for told in config.efficiency)]
        files = sorted(file for place in places if place.is_dir() for file in place.glob("*.json"))
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.name != "measured.json"
        }

    def state() -> State:
        path = folders.report / _MARK
        return State(DONE if path.is_file() and read_json(path, f"remove {path}") == facts() else TO_DO)

    def run() -> str:
        found = facts()
        names = {name.partition(".seed-")[0] for name in found}
        pairs = [
            f"{s.teacher}={s.name}"
            for s in all_systems(config)
            if s.teacher is not None and {s.teacher, s.name} <= names
        ]
        if not pairs:
            return "nothing to compare yet"
        places = [folders.results, *(p for told in config.efficiency if (p := folders.times(told.max_length)).is_dir())]
        settings = ReportSettings(pairs=tuple(pairs), compare=CompareSettings(resamples=_RESAMPLES))
        written = write_report(places, folders.report, settings)
        write_json(folders.report / _MARK, found)
        return ", ".join(path.name for path in written)

    return Work("report", state, run, alone=True)
