"""The report of a folder of results: a page and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gonerd.evaluation.compare.pairs import CompareSettings
from gonerd.files import write_text

from .collect import collect
from .markdown import markdown
from .page import render
from .pairing import choose_pairs, compare_all
from .texts import TextSettings
from .view import View, build

TITLE = "What the students kept, what they saved"


@dataclass(frozen=True)
class ReportSettings:
    """What a report compares and shows.

    Attributes:
        teacher: The model that all others are compared with; the one with the most parameters when None.
        pairs: TEACHER=STUDENT, each once; then nobody else is compared.
        compare: How pairs are compared.
        texts: Where texts come from, and whether the report may hold them.
        examples: Most examples in an error browser.
    """

    teacher: str | None = None
    pairs: tuple[str, ...] = ()
    compare: CompareSettings = field(default_factory=CompareSettings)
    texts: TextSettings = field(default_factory=TextSettings)
    examples: int = 20


def write_report(results: Path | Sequence[Path], out: Path, settings: ReportSettings | None = None) -> list[Path]:
    """Writes `OUT/report.html` (self-contained) and `OUT/report.md`.

    Args:
        results: Folders of result files, or such files.
        out: Folder of the report.
        settings: What to compare and show.

    Returns:
        The files written.

    Raises:
        UsageError: A name is unknown.
        GonerdError: There are no results, or a file is malformed.
    """
    view = view_of([results] if isinstance(results, Path) else results, settings or ReportSettings())
    written = [out / "report.html", out / "report.md"]
    write_text(written[0], render("report.html.j2", title=TITLE, view=view))
    write_text(written[1], markdown(view, TITLE))
    return written


def view_of(results: Sequence[Path], settings: ReportSettings) -> View:
    """Reads and compares results. See `write_report`."""
    found = collect(results)
    compared = compare_all(found, choose_pairs(found, settings.teacher, settings.pairs), settings.compare)
    return build(found, compared, settings.compare, settings.texts, settings.examples)
