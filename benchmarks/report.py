"""A report over a matrix of models and tasks: reading and comparing, rendering, and loading it in Chromium.

Usage: python benchmarks/report.py [--models 23] [--examples 500] [--rounds 3] [--out FILE]

Predictions are invented, nine tasks with two classes or spans, each model right more often than the next. Comparing
draws 2,000 bootstrap samples and 10,000 swaps a pair. A page's time in Chromium is that of loading it and writing its
document back, less that of an empty page, in turn.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gonerd.evaluation.environment import environment
from gonerd.evaluation.metrics import Spanned
from gonerd.evaluation.report.collect import collect
from gonerd.evaluation.report.markdown import markdown
from gonerd.evaluation.report.page import render
from gonerd.evaluation.report.pairing import choose_pairs, compare_all
from gonerd.evaluation.report.view import build
from gonerd.evaluation.report.write import TITLE, ReportSettings
from gonerd.evaluation.results import write_result
from gonerd.evaluation.schema import ScoresResult
from gonerd.evaluation.scoring import Matched, numbers
from gonerd.evaluation.tasks import TASKS
from gonerd.markdown import table

CLASSES = ("cola", "mrpc", "qnli", "qqp", "rte", "sst2", "wnli", "mnli")
SPANS = ("gonerd",)
LIMIT = 2.0  # seconds for rendering 200 cells
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def invent(folder: Path, models: int, examples: int) -> None:
    """Writes results of every model on every task."""
    here = environment(model=False)
    for name in (*CLASSES, *SPANS):
        task = TASKS.get(name)
        for model in range(models):
            draw = np.random.default_rng([model, len(name)])
            matched = _matched(draw, examples, 0.95 - 0.02 * model, name in SPANS)
            score, metrics = numbers(task, matched)
            value = {
                "schema_version": 2,
                "kind": "scores",
                "model": {"name": f"model-{model:02}", "layers": 12, "parameters": 10**8 - model},
                "task": {"name": name, "version": task.version, "split": task.default_split},
                "dataset": {"name": name},
                "settings": {},
                "counts": {"before_limit": examples, "scored": examples},
                "score": score,
                "metrics": metrics,
                "predictions": f"model-{model:02}.{name}.predictions.jsonl",
                "environment": here,
            }
            write_result(folder / f"model-{model:02}.{name}.json", ScoresResult.model_validate(value), matched)


def _matched(draw: np.random.Generator, examples: int, share: float, spans: bool) -> Matched:
    ids = [str(i) for i in range(examples)]
    right = draw.random(examples) < share
    if not spans:
        gold = [i % 2 for i in range(examples)]
        return Matched(ids, ids, gold, [g if r else 1 - g for g, r in zip(gold, right, strict=True)], [], [])
    text = "Ann met Bo in Oslo. " * 20
    keys = [(20 * k, 20 * k + 3, "PER") for k in range(20)]
    found = [Spanned(tuple(key for key in keys if draw.random() < share)) for _ in ids]
    return Matched(ids, ids, [Spanned(tuple(keys), text)] * examples, found, [], [])


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    value = run()
    return time.perf_counter() - begin, value


def load(page: Path, profile: Path) -> float:
    """Returns the seconds in which Chromium loads a page and writes its document."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom"]
    return _timed(lambda: subprocess.run([*command, page.as_uri()], capture_output=True, check=True))[0]


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Reads, compares and renders once, then renders and loads `rounds` times in turn."""
    settings = ReportSettings()
    reading, found = _timed(lambda: collect([folder]))
    comparing, compared = _timed(lambda: compare_all(found, choose_pairs(found, None), settings.compare))
    building, view = _timed(lambda: build(found, compared, settings.compare, settings.texts, settings.examples))
    seconds: dict[str, list[float]] = {"read": [reading], "compare": [comparing], "gather": [building]}
    page, empty = folder / "report.html", folder / "empty.html"
    empty.write_text("<!doctype html><title>empty</title>")
    for _ in range(rounds):
        spent, html = _timed(lambda: render("report.html.j2", title=TITLE, view=view))
        page.write_text(html, encoding="utf-8")
        seconds.setdefault("render the page", []).append(spent)
        seconds.setdefault("render Markdown", []).append(_timed(lambda: markdown(view, TITLE))[0])
        if CHROMIUM:
            base = load(empty, folder / "profile")
            seconds.setdefault("load the page in Chromium", []).append(load(page, folder / "profile") - base)
    seconds["bytes of the page"] = [page.stat().st_size]
    return seconds


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=23)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        invent(folder, arguments.models, arguments.examples)
        found = measure(folder, arguments.rounds)
    medians = {name: statistics.median(values) for name, values in found.items()}
    print(table([{"what": name, "median": f"{value:,.3f}"} for name, value in medians.items()]))
    rendered = sum(medians[name] for name in medians if name.startswith(("gather", "render", "load")))
    cells = arguments.models * (len(CLASSES) + len(SPANS))
    print(f"\n{cells} cells rendered in {rendered:.2f} s, of which the limit is {LIMIT:g} s")
    if arguments.out:
        facts = {"cells": cells, "examples": arguments.examples, "seconds": found, "rendered": rendered}
        arguments.out.write_text(json.dumps({**facts, "environment": environment(model=False)}, indent=2) + "\n")
    if rendered > LIMIT:
        sys.exit("slower than the limit")


if __name__ == "__main__":
    main()
