"""Scoring a million tokens of entity tags: the set scorer against seqeval in strict mode and by default, in turn.

Usage: python benchmarks/score.py [--tokens 1000000] [--rounds 5] [--out FILE]

Tags are invented, with the density and lengths of newswire: a mention in ten words, 1.4 words long, four labels; one
mention in eight is predicted with another border or label, missed, or invented. Seconds are those of the processor, in
one process, so that other work on the machine weighs on all alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from gonerd.evaluation.environment import environment
from gonerd.evaluation.metrics import METRICS, Tagged
from gonerd.evaluation.scoring import Matched, numbers
from gonerd.evaluation.tasks import TASKS
from gonerd.labels import CORE
from gonerd.markdown import table

SENTENCE, DOCUMENT = 25, 40  # words in a sentence, sentences in a document


def invent(tokens: int, seed: int = 0) -> tuple[list[Tagged], list[Tagged]]:
    """Returns gold and predicted tags of documents of a thousand words."""
    draw = np.random.default_rng(seed)
    sides: list[list[Tagged]] = [[], []]
    for _ in range(tokens // (SENTENCE * DOCUMENT)):
        pair = [_sentence(draw) for _ in range(DOCUMENT)]
        words = tuple(tuple(f"w{word}" for word in draw.integers(0, 5000, SENTENCE)) for _ in pair)
        for side, sentences in zip(sides, zip(*pair, strict=True), strict=True):
            side.append(Tagged(tuple(sentences), words))
    return sides[0], sides[1]


def _sentence(draw: np.random.Generator) -> tuple[tuple[str, ...], tuple[str, ...]]:
    gold, predicted = ["O"] * SENTENCE, ["O"] * SENTENCE
    at = 0
    while (at := at + int(draw.geometric(0.13))) < SENTENCE:
        end = min(at + int(draw.geometric(0.7)), SENTENCE)
        label = CORE[draw.integers(4)]
        kind = draw.random()
        if kind > 0.03:  # else invented
            gold[at:end] = _mention(label, end - at)
        if kind < 0.06:
            predicted[at:end] = _mention(CORE[draw.integers(4)], end - at)
        elif kind > 0.12:  # else missed
            first = at + int(kind < 0.15 and end - at > 1)
            predicted[first:end] = _mention(label, end - first)
        at = end
    return tuple(gold), tuple(predicted)


def _mention(label: str, words: int) -> list[str]:
    return [f"B-{label}", *[f"I-{label}"] * (words - 1)]


def measure(gold: list[Tagged], predicted: list[Tagged], rounds: int) -> dict[str, dict[str, Any]]:
    """Scores in turn, `rounds` times; returns seconds and F1 of each scorer."""
    sides = [[list(sentence) for item in side for sentence in item.sentences] for side in (gold, predicted)]
    ours = METRICS.get("exact_spans").compute
    lenient = METRICS.get("seqeval_default").compute
    task = TASKS.get("conll2003")
    ids = [str(i) for i in range(len(gold))]
    matched = Matched(ids, ids, gold, predicted, [], [])
    variants: dict[str, Callable[[], float]] = {
        "exact_spans": lambda: float(ours(gold, predicted)["f1"]),
        "seqeval strict IOB2": lambda: float(f1_score(*sides, mode="strict", scheme=IOB2, average="micro")),
        "seqeval_default": lambda: float(lenient(gold, predicted)["f1"]),
        "seqeval default": lambda: float(f1_score(*sides, average="micro")),
        "all metrics of conll2003": lambda: numbers(task, matched)[0],
    }
    found: dict[str, dict[str, Any]] = {name: {"seconds": [], "f1": 0.0} for name in variants}
    for _ in range(rounds):
        for name, score in variants.items():
            begin = time.process_time()
            found[name]["f1"] = score()
            found[name]["seconds"].append(time.process_time() - begin)
    return found


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    gold, predicted = invent(arguments.tokens)
    found = measure(gold, predicted, arguments.rounds)
    medians = {name: statistics.median(result["seconds"]) for name, result in found.items()}
    ratios = {
        "strict": medians["seqeval strict IOB2"] / medians["exact_spans"],
        "default": medians["seqeval default"] / medians["seqeval_default"],
    }
    print(table([{"scorer": n, "seconds": round(medians[n], 3), "F1": round(found[n]["f1"], 6)} for n in found]))
    print(f"\n{ratios['strict']:.1f} times as fast as seqeval strict, {ratios['default']:.1f} times as its default")
    if abs(found["exact_spans"]["f1"] - found["seqeval strict IOB2"]["f1"]) > 1e-12:
        sys.exit("exact_spans and seqeval strict do not agree")
    if arguments.out:
        facts = {"tokens": arguments.tokens, "medians": medians, "ratios": ratios, "scorers": found}
        facts["environment"] = environment(model=False)
        arguments.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
