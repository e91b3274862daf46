"""What the benchmarks of annotation count: exact spans, and what a reviewer would still have to do."""

from __future__ import annotations

import argparse
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ner_sets
import spacy
from ner_sets import Gold

from gonerd import Span
from gonerd.annotation.disputes import disputes
from gonerd.labels import CORE

TARGETS = {("untrained", "news"): 70, ("untrained", "sec"): 50, ("trained", "news"): 80, ("trained", "sec"): 75}
EFFORT = ("inserted", "deleted", "relabelled", "re-bounded")
Result = tuple[Gold, Sequence[Span]]


def measure(results: Iterable[Result]) -> dict[str, Any]:
    """Returns F1 by label, precision, recall, and what is left to do to 1,000 tokens."""
    hits: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    work: Counter[str] = Counter()
    tokens = documents = 0
    for gold, spans in results:
        a, b = {s.key for s in spans}, {s.key for s in gold.spans}
        found.update(key[2] for key in a)
        right.update(key[2] for key in b)
        hits.update(key[2] for key in a & b)
        work.update(effort(spans, gold.spans))
        tokens += gold.tokens
        documents += 1
    total = hits.total()
    return {
        "documents": documents,
        "tokens": tokens,
        "f1": percent(2 * total, found.total() + right.total()),
        "precision": percent(total, found.total()),
        "recall": percent(total, right.total()),
        "by_label": {label: percent(2 * hits[label], found[label] + right[label]) for label in CORE},
        "effort": {kind: round(1000 * work[kind] / tokens, 1) for kind in EFFORT} if tokens else {},
    }


def effort(spans: Sequence[Span], right: Sequence[Span]) -> Counter[str]:
    """Counts the steps that turn `spans` into `right`: spans that overlap are mended, the rest inserted or deleted."""
    steps: Counter[str] = Counter()
    for dispute in disputes(spans, right):
        given, wanted = list(dispute.first), list(dispute.second)
        for target in list(wanted):
            near = next((s for s in given if s.start < target.end and target.start < s.end), None)
            if near is None:
                continue
            given.remove(near)
            wanted.remove(target)
            steps["relabelled"] += near.label != target.label
            steps["re-bounded"] += (near.start, near.end) != (target.start, target.end)
        steps["inserted"] += len(wanted)
        steps["deleted"] += len(given)
    return steps


def percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def row(name: str, part: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns one line of the printed table."""
    return {"set": name, "documents": part, "F1": figures["f1"], **figures["by_label"], **figures["effort"]}


def parser(description: str | None, out: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that the benchmarks share."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--pipeline", default="sm")
    made.add_argument("--join", default="spaces", choices=("spaces", "natural"))
    made.add_argument("--data", type=Path, default=ner_sets.FOLDER)
    made.add_argument("--out", type=Path, default=Path(f"benchmarks/results/{out}.json"))
    return made


def begin(options: argparse.Namespace) -> tuple[list[Gold], dict[str, Any]]:
    """Returns every document, and what a report says first."""
    if not options.data.exists():
        raise SystemExit(f"{options.data}: no such folder; pass --data FOLDER with the hand-annotated sets")
    report = {"machine": platform.platform(), "spacy": spacy.__version__, "join": options.join, "sets": {}}
    return ner_sets.load(options.data, options.join), report
