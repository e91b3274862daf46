"""What rules and consistency add to a spaCy pipeline, on hand-annotated news and filings that it was not trained on.

Usage: python benchmarks/annotation.py [--pipeline sm] [--join spaces|natural] [--data FOLDER]

Prints one table: exact-span micro F1 and F1 by label, and what a reviewer would still have to do to each 1,000 tokens:
insert, delete, relabel, move the borders of spans. Rules were developed on every other document ("dev"); "held out" is
the rest. What is learned from reviewed documents is measured by `annotation_trained.py`.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from ner_measures import TARGETS, Result, begin, measure, parser, row
from ner_sets import Gold

from gonerd.annotation.annotator import Annotator
from gonerd.annotation.boundaries import boundaries
from gonerd.annotation.consistency import consistent
from gonerd.annotation.draft import Draft
from gonerd.annotation.rules import apply_rules
from gonerd.markdown import table


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


def main() -> None:
    arguments = parser(__doc__, "annotation")
    arguments.add_argument("--sets", default="news,sec,loans")
    options = arguments.parse_args()
    everything, report = begin(options)
    rows = []
    for name in options.sets.split(","):
        gold = [g for g in everything if g.set == name]
        variants, seconds, effects = untrained(gold, options.pipeline)
        entry: dict[str, Any] = {"seconds": {step: round(s, 1) for step, s in seconds.items()}, "effects": effects}
        for variant, found in variants.items():
            parts = {"all": found, "dev": found[0::2], "held out": found[1::2]}
            entry[variant] = {part: measure(some) for part, some in parts.items()}
            rows += [row(f"{name}, {variant}", part, entry[variant][part]) for part in parts]
        if target := TARGETS.get(("untrained", name)):
            reached = entry[list(variants)[-1]]["all"]["f1"]
            entry["target"] = target
            print(f"{name}: {reached} of at least {target}{'' if reached >= target else ' - NOT REACHED'}")
        report["sets"][name] = entry
    print(table(rows))
    options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
