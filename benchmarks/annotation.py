"""What rules and consistency add to a spaCy pipeline, on hand-annotated news and filings that it was not trained on.

Usage: python benchmarks/annotation.py [--pipeline sm] [--join spaces|natural] [--data FOLDER] [--train] [--folds 5]

Prints one table: exact-span micro F1 and F1 by label, and what a reviewer would still have to do to each 1,000 tokens:
insert, delete, relabel, move the borders of spans. Rules were developed on every other document ("dev"); "held out" is
the rest. With --train, a recogniser is fitted on four fifths of each set and scored on the fifth, in turn.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import ner_sets
import spacy
from ner_sets import Gold

from gonerd import Span
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.boundaries import boundaries
from gonerd.annotation.consistency import consistent
from gonerd.annotation.disputes import disputes
from gonerd.annotation.draft import Draft
from gonerd.annotation.reader import Reader, fit_reader
from gonerd.annotation.rules import apply_rules
from gonerd.labels import CORE
from gonerd.markdown import table

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


def untrained(gold: Sequence[Gold], pipeline: str) -> tuple[dict[str, list[Result]], dict[str, float], Any]:
    """Runs the pipeline once; returns the spans of each variant, seconds by step, and what each rule did."""
    annotator = Annotator.load([pipeline])
    recogniser = annotator.pipelines[0]
    begin = time.perf_counter()
    drafts = [Draft(g.text, m) for g, m in zip(gold, recogniser.mentions([g.text for g in gold]), strict=True)]
    seconds = {"bare": time.perf_counter() - begin}
    variants = {"bare": results(gold, drafts)}

    def rules(draft: Draft) -> None:
        draft.apply("boundaries", boundaries(draft))
        apply_rules(draft, annotator.rules)

    for name, step in (
        ("+ rules", rules),
        ("+ consistency", lambda draft: draft.apply("consistency", consistent(draft))),
    ):
        begin = time.perf_counter()
        for draft in drafts:
            step(draft)
        seconds[name] = time.perf_counter() - begin
        variants[name] = results(gold, drafts)
    effects: dict[str, Counter[str]] = defaultdict(Counter)
    for draft in drafts:
        for (rule, what), count in draft.effects.items():
            effects[rule][what] += count
    return variants, seconds, {rule: dict(counts) for rule, counts in sorted(effects.items())}


def results(gold: Sequence[Gold], drafts: Sequence[Draft]) -> list[Result]:
    return [(g, [m.span() for m in d.mentions]) for g, d in zip(gold, drafts, strict=True)]


def read_again(gold: Sequence[Gold], folds: int, pipeline: str) -> dict[str, list[Result]]:
    """Returns the spans of second readers fitted on the other folds, without and with consistency after them."""
    annotator = Annotator.load([pipeline])
    drafts = list(annotator.drafts([g.text for g in gold]))
    found: dict[str, list[Result]] = {"reader": [], "reader + consistency": []}
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(folds):
            path = Path(folder) / f"{fold}.crfsuite"
            fit_reader(
                ((d, g.spans) for i, (d, g) in enumerate(zip(drafts, gold, strict=True)) if i % folds != fold), path
            )
            reader = Reader.load(path)
            for draft, g in list(zip(drafts, gold, strict=True))[fold::folds]:
                copy = Draft(draft.text, list(draft.mentions))
                reader.read(copy)
                found["reader"].append((g, [m.span() for m in copy.mentions]))
                copy.apply("consistency", consistent(copy))
                found["reader + consistency"].append((g, [m.span() for m in copy.mentions]))
    return found


def trained(gold: Sequence[Gold], folds: int, epochs: int, workers: int) -> dict[str, list[Result]]:
    """Returns the spans that recognisers fitted on the other folds find, without and with rules and consistency."""
    jobs = [(list(gold), fold, folds, epochs) for fold in range(folds)]
    found: dict[str, list[Result]] = {"trained": [], "trained + rules": []}
    with ProcessPoolExecutor(workers) as pool:
        for bare, ruled in pool.map(_fold, jobs):
            found["trained"] += bare
            found["trained + rules"] += ruled
    return found


def _fold(job: tuple[list[Gold], int, int, int]) -> tuple[list[Result], list[Result]]:
    from gonerd.annotation.train import TrainSettings, fit

    gold, fold, folds, epochs = job
    test = gold[fold::folds]
    reviewed = [(g.text, g.spans) for i, g in enumerate(gold) if i % folds != fold]
    nlp, _ = fit(reviewed, TrainSettings(epochs=epochs))
    annotator = Annotator.of(nlp, "trained")
    bare, ruled = [], []
    for g, mentions in zip(test, annotator.pipelines[0].mentions([g.text for g in test]), strict=True):
        draft = Draft(g.text, mentions)
        bare.append((g, [m.span() for m in draft.mentions]))
        annotator.settle(draft)
        ruled.append((g, [m.span() for m in draft.mentions]))
    return bare, ruled


def row(name: str, part: str, figures: dict[str, Any]) -> dict[str, Any]:
    return {"set": name, "documents": part, "F1": figures["f1"], **figures["by_label"], **figures["effort"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", default="sm")
    parser.add_argument("--join", default="spaces", choices=("spaces", "natural"))
    parser.add_argument("--data", type=Path, default=ner_sets.FOLDER)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", default="reader", help="reader, recogniser (hours on two cores) or reader,recogniser")
    parser.add_argument("--sets", default="news,sec,loans")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not options.data.exists():
        raise SystemExit(f"{options.data}: no such folder; pass --data FOLDER with the hand-annotated sets")
    kind = "trained" if options.train else "untrained"
    report: dict[str, Any] = {
        "machine": platform.platform(),
        "spacy": spacy.__version__,
        "join": options.join,
        "sets": {},
    }
    rows = []
    everything = ner_sets.load(options.data, options.join)
    for name in options.sets.split(","):
        gold = [g for g in everything if g.set == name]
        entry: dict[str, Any] = {}
        if options.train:
            variants = {}
            if "recogniser" in options.kind:
                variants |= trained(gold, options.folds, options.epochs, options.workers)
            if "reader" in options.kind:
                variants |= read_again(gold, options.folds, options.pipeline)
        else:
            variants, seconds, effects = untrained(gold, options.pipeline)
            entry |= {"seconds": {step: round(s, 1) for step, s in seconds.items()}, "effects": effects}
        for variant, found in variants.items():
            parts = {"all": found}
            if not options.train:
                parts |= {"dev": found[0::2], "held out": found[1::2]}
            entry[variant] = {part: measure(some) for part, some in parts.items()}
            rows += [row(f"{name}, {variant}", part, entry[variant][part]) for part in parts]
        if target := TARGETS.get((kind, name)):
            reached = entry[list(variants)[-1]]["all"]["f1"]
            entry["target"] = target
            print(f"{name}: {reached} of at least {target}{'' if reached >= target else ' - NOT REACHED'}")
        report["sets"][name] = entry
    print(table(rows))
    out = options.out or Path(f"benchmarks/results/annotation{'-trained' if options.train else ''}.json")
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
