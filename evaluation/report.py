"""The report: what a student kept and saved, as one self-contained HTML page and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, unknown_name
from gonerd.files import existing, read_json, write_text
from gonerd.markdown import table

from .plots import bars, lines

Rows = list[dict[str, Any]]
_KINDS = ("scores", "efficiency")


@dataclass(frozen=True)
class Results:
    """The result files of one folder.

    Attributes:
        scores: One dictionary a model and task.
        cells: Efficiency cells.
        environments: The environments that the files name.
    """

    scores: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    environments: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Results:
        """Reads every result file of a folder.

        Raises:
            GonerdError: The folder is missing or holds no scores.
        """
        existing(folder, "folder of results", "make it with `gonerd evaluate run`")
        found = [read_json(path, "evaluate again") for path in sorted(folder.glob("*.json"))]
        found = [_flat(value) for value in found if isinstance(value, dict) and value.get("kind") in _KINDS]
        scores = [value for value in found if value["kind"] == "scores"]
        timed = [value for value in found if value["kind"] == "efficiency"]
        if not scores:
            raise GonerdError(f"{folder}: holds no scores; run `gonerd evaluate run MODEL --out {folder}` first")
        return cls(scores, [cell for value in timed for cell in value["cells"]], [v["environment"] for v in found])

    def ordered(self, teacher: str) -> list[dict[str, Any]]:
        """Returns the scores by task, the teacher before its students."""
        return sorted(self.scores, key=lambda value: (value["task"], value["model"] != teacher, value["model"]))

    def teacher(self, name: str | None) -> str:
        """Returns the model to compare with: the named one, else the one with the most parameters.

        Raises:
            UsageError: No result bears that name.
        """
        names = [value["model"] for value in self.scores]
        if name is not None and name not in names:
            raise unknown_name("teacher", name, names)
        return name or str(max(self.scores, key=lambda value: int(value["parameters"]))["model"])


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """Views scores of the second version as the first had them; a task without spans has its score as F1."""
    if value.get("schema_version", 1) == 1 or value["kind"] != "scores":
        return value
    model, task, counts = value["model"], value["task"], value["counts"]
    spans = dict(value["metrics"].get("exact_spans", {"f1": value["score"], **_UNCOUNTED}))
    return {
        **value,
        **{name: model[name] for name in ("weights_sha256", "layers", "parameters", "attention", "dtype")},
        "model": model["name"],
        "task": task["entry"] or task["name"],
        "task_version": task["version"],
        "split": task["split"],
        "documents": counts["documents"],
        "documents_before_limit": counts["before_limit"],
        **{name: counts[name] for name in ("words", "windows", "words_unseen")},
        "words_truncated": counts["truncated"],
        **{name: value["settings"][name] for name in ("max_length", "stride")},
        "scores": {"micro": spans, **spans.pop("labels", {})},
    }


_UNCOUNTED = dict.fromkeys(("precision", "recall"), float("nan")) | dict.fromkeys(("correct", "predicted", "gold"), 0)


def score_rows(results: Results, teacher: str) -> Rows:
    """Returns one row a model and task: exact F1 and the share of the teacher's that it kept."""
    reference = {
        _examples(value): value["scores"]["micro"]["f1"] for value in results.scores if value["model"] == teacher
    }
    rows = []
    for value in results.ordered(teacher):
        micro, base = value["scores"]["micro"], reference.get(_examples(value))
        rows.append(
            {
                "task": value["task"],
                "model": value["model"],
                "role": "teacher" if value["model"] == teacher else "student",
                "layers": value["layers"],
                "attention": value["attention"],
                "split": value["split"],
                "documents": value["documents"],
                "gold spans": micro["gold"],
                "precision": f"{micro['precision']:.3f}",
                "recall": f"{micro['recall']:.3f}",
                "F1": f"{micro['f1']:.3f}",
                "score kept": _kept(micro["f1"], base),
            }
        )
    return rows


def _examples(value: dict[str, Any]) -> str:
    """What was scored: only results over the same documents compare."""
    return json.dumps([value[key] for key in ("task", "task_version", "split", "documents", "dataset")])


def _f1(value: dict[str, Any]) -> float:
    return float(value["scores"]["micro"]["f1"])


def _kept(f1: float, base: float | None) -> str:
    if base is None:
        return "n/a (other documents)"
    return f"{f1 / base:.1%}" if base else "n/a (teacher scored 0)"


def efficiency_rows(results: Results, teacher: str) -> Rows:
    """Returns one row a cell: time and memory, and the share of the teacher's that was saved."""
    reference = {(c["length"], c["batch"]): c for c in results.cells if c["model"] == teacher}
    rows = []
    for cell in sorted(results.cells, key=lambda c: (c["batch"], c["length"], c["model"] != teacher, c["model"])):
        base = reference.get((cell["length"], cell["batch"]))
        rows.append(
            {
                "tokens": cell["length"],
                "batch": cell["batch"],
                "model": cell["model"],
                "attention": cell["attention"],
                "ms": f"{cell['seconds'] * 1e3:.0f}",
                "quartiles": "–".join(f"{q * 1e3:.0f}" for q in cell["quartiles"]),
                "tokens/s": f"{cell['tokens_per_second']:.0f}",
                "peak MB": f"{cell['peak_bytes'] / 1e6:.0f}",
                "of it weights": f"{cell['weight_bytes'] / 1e6:.0f}",
                "time saved": _saved(cell["seconds"], base["seconds"] if base else None),
                "memory saved": _saved(cell["peak_bytes"], base["peak_bytes"] if base else None),
            }
        )
    return rows


def _saved(value: float, base: float | None) -> str:
    return f"{1 - value / base:.1%}" if base else "n/a"


def write_report(folder: Path, out: Path, teacher: str | None = None) -> list[Path]:
    """Writes `OUT/report.html` (self-contained) and `OUT/report.md`.

    Args:
        folder: Folder of result files.
        out: Folder of the report.
        teacher: Model to compare with; the largest when None.

    Returns:
        The files written.

    Raises:
        UsageError: The teacher is unknown.
        GonerdError: There are no results.
    """
    from jinja2 import Environment

    results = Results.read(folder)
    name = results.teacher(teacher)
    scores, cells = score_rows(results, name), efficiency_rows(results, name)
    template = files("gonerd.evaluation").joinpath("report.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    html = page.render(
        teacher=name,
        tables=[("Scores: what was kept", scores), ("Efficiency: what was saved", cells)],
        labels=label_rows(results, name),
        plots=_plots(results, name),
        results=results,
    )
    written = [out / "report.html", out / "report.md"]
    write_text(written[0], html)
    parts = [f"# Report\n\nTeacher: `{name}`.\n", "## Scores\n", table(scores), "\n## Efficiency\n", table(cells), ""]
    write_text(written[1], "\n".join(parts))
    return written


def label_rows(results: Results, teacher: str) -> Rows:
    """Returns one row a model, task and label with its exact F1."""
    return [
        {
            "task": value["task"],
            "model": value["model"],
            "label": label,
            "gold": score["gold"],
            "predicted": score["predicted"],
            "correct": score["correct"],
            "F1": f"{score['f1']:.3f}",
        }
        for value in results.ordered(teacher)
        for label, score in value["scores"].items()
        if label != "micro"
    ]


def _plots(results: Results, teacher: str) -> Sequence[tuple[str, str]]:
    f1 = {
        f"{value['model']} ({value['task']}, {value['split']})": value["scores"]["micro"]["f1"]
        for value in results.ordered(teacher)
    }
    plots = [("Exact span F1", bars(f1))]
    for batch in sorted({cell["batch"] for cell in results.cells}):
        chosen = [cell for cell in results.cells if cell["batch"] == batch]
        for title, key, scale in (("seconds", "seconds", 1.0), ("peak MB", "peak_bytes", 1e-6)):
            series: dict[str, list[tuple[float, float]]] = {}
            for cell in sorted(chosen, key=lambda c: (c["model"] != teacher, c["length"])):
                series.setdefault(cell["model"], []).append((cell["length"], cell[key] * scale))
            plots.append((f"{title} by document length, batch {batch}", lines(series, "tokens", title)))
    return plots
