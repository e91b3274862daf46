"""What is learned from reviewed documents, five-fold: each fifth of a set is read by what the other four taught.

Usage: python benchmarks/annotation_trained.py [--kind encoder,reader] [--encoder FOLDER] [--work FOLDER]
           [--sets news,sec] [--first sec=news,conll]

Folds are by document, every fifth one, each set on its own; nothing of a test document is seen before it is read. With
--first the encoder's reader of a set goes on from one that learned from other sets, whole, none of which is scored
there, as `gonerd annotate train --encoder PIPELINE` does. What is fitted stays in --work, by set, kind and fold, so
that a killed run goes on, and folds may run side by side (--only 0 3). Without --only the table is printed and written;
it has exact-span F1 and what a reviewer would still have to do to each 1,000 tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ner_measures import TARGETS, Result, begin, measure, parser, row
from ner_sets import Gold, conll, load

from gonerd import Span
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.consistency import consistent
from gonerd.annotation.draft import Draft
from gonerd.annotation.encoder import FOLDER
from gonerd.annotation.encoder.fit import FitSettings
from gonerd.annotation.encoder.store import save
from gonerd.annotation.encoder.store import start as start_from
from gonerd.annotation.learners import TrainSettings
from gonerd.annotation.learners.recogniser import fit as fit_recogniser
from gonerd.annotation.reader import FILE, fit_reader
from gonerd.annotation.readers import reader_in
from gonerd.annotation.rules import apply_rules, chosen
from gonerd.annotation.train import split
from gonerd.files import new_folder, read_json, write_json
from gonerd.markdown import table

FOLDS = 5
Pair = tuple[Draft, Sequence[Span]]


def encoder(pairs: list[Pair], folder: Path, start: str) -> None:
    """Fits a reader with an encoder under it."""
    reader = start_from(start)
    save(reader, folder / FOLDER, vars(reader.fit(pairs, FitSettings())))


def chain(pairs: list[Pair], folder: Path, start: str) -> None:
    """Fits a linear chain."""
    fit_reader(pairs, folder / FILE)


def recogniser(pairs: list[Pair], folder: Path, start: str) -> None:
    """Fits a spaCy recogniser; hours on two cores."""
    settings = TrainSettings()
    nlp, _ = fit_recogniser(*split([(draft.text, spans) for draft, spans in pairs], settings), settings)
    nlp.to_disk(folder)


KINDS: dict[str, Callable[[list[Pair], Path, str], None]] = {
    "recogniser": recogniser,
    "reader": chain,
    "encoder": encoder,
}


def fitted(gold: Sequence[Gold], drafts: Sequence[Draft], fold: int, kind: str, options: argparse.Namespace) -> Path:
    """Returns the folder of what the other folds taught; an earlier run's is kept."""
    folder: Path = options.work / f"{gold[0].set}-{kind}-{fold}"
    if not folder.exists():
        start = begun(gold[0].set, options) if kind == "encoder" else ""
        pairs = [(d, g.spans) for i, (d, g) in enumerate(zip(drafts, gold, strict=True)) if i % FOLDS != fold]
        _fit(pairs, folder, kind, start)
    return folder


def begun(name: str, options: argparse.Namespace) -> str:
    """Returns what the readers of a set start from: the encoder, or what other sets have taught one."""
    others = [part.partition("=")[2] for part in options.first if part.partition("=")[0] == name]
    if not others:
        return str(options.encoder)
    sets = others[0].split(",")
    if name in sets:
        raise SystemExit(f"--first {name}={others[0]}: what is scored on a set must not begin with it")
    folder: Path = options.work / f"first-{'+'.join(sets)}"
    if not folder.exists():
        everything = [*load(options.data, options.join), *conll(options.data, options.join)]
        gold = [g for g in everything if g.set in sets]
        drafts = Annotator.load([options.pipeline]).drafts([g.text for g in gold])
        _fit([(d, g.spans) for d, g in zip(drafts, gold, strict=True)], folder, "encoder", options.encoder)
    return str(folder)


def _fit(pairs: list[Pair], folder: Path, kind: str, start: str) -> None:
    begin, processor = time.perf_counter(), time.process_time()
    with new_folder(folder) as made:
        KINDS[kind](pairs, made, start)
        spent = {"seconds": time.perf_counter() - begin, "processor_seconds": time.process_time() - processor}
        write_json(made / "time.json", {name: round(value) for name, value in spent.items()})


def read(gold: Sequence[Gold], drafts: Sequence[Draft], kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """Reads every fold; returns the measures of all documents, without and with consistency, and by fold."""
    bare: list[Result] = []
    settled: list[Result] = []
    folds, seconds = [], []
    for fold in range(FOLDS):
        folder = fitted(gold, drafts, fold, kind, options)
        seconds.append(read_json(folder / "time.json", "remove the folder")["processor_seconds"])
        here = []
        for g, draft in zip(gold[fold::FOLDS], _read(folder, kind, gold, drafts, fold), strict=True):
            bare.append((g, [m.span() for m in draft.mentions]))
            draft.apply("consistency", consistent(draft))
            here.append((g, [m.span() for m in draft.mentions]))
        folds.append(measure(here)["f1"])
        settled += here
    return {
        "fit_processor_seconds": seconds,
        "f1_by_fold": folds,
        kind: measure(bare),
        f"{kind} + consistency": measure(settled),
    }


def _read(folder: Path, kind: str, gold: Sequence[Gold], drafts: Sequence[Draft], fold: int) -> Iterable[Draft]:
    if kind == "recogniser":
        yield from Annotator.load([str(folder)]).drafts([g.text for g in gold[fold::FOLDS]])
        return
    reader = reader_in(folder)
    assert reader is not None
    again = [rule for rule in chosen() if rule.again]
    for draft in drafts[fold::FOLDS]:
        copy = Draft(draft.text, list(draft.mentions))
        reader.read(copy)
        apply_rules(copy, again)
        yield copy


def main() -> None:
    arguments = parser(__doc__, "annotation-trained")
    arguments.add_argument("--kind", default="reader,encoder")
    arguments.add_argument("--sets", default="news,sec")
    arguments.add_argument("--encoder", default=TrainSettings().encoder)
    arguments.add_argument(
        "--first", nargs="*", default=["sec=news,conll"], help="SET=OTHER,OTHER: what it goes on from"
    )
    arguments.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gonerd-annotation-trained")
    arguments.add_argument("--only", type=int, nargs="+", help="fit these folds and stop")
    options = arguments.parse_args()
    everything, report = begin(options)
    report["threads"] = os.environ.get("OMP_NUM_THREADS")
    rows = []
    for name in options.sets.split(","):
        gold = [g for g in everything if g.set == name]
        drafts = list(Annotator.load([options.pipeline]).drafts([g.text for g in gold]))
        for kind in options.kind.split(","):
            if options.only:
                for fold in options.only:
                    fitted(gold, drafts, fold, kind, options)
                continue
            entry = report["sets"].setdefault(name, {"target": TARGETS["trained", name]})
            entry |= {kind: read(gold, drafts, kind, options)}
            if kind == "encoder":
                entry[kind]["begun_with"] = Path(begun(name, options)).name
            best = entry[kind][f"{kind} + consistency"]
            rows.append(row(f"{name}, {kind} + consistency", "all", best))
            verdict = "" if best["f1"] >= entry["target"] else " - NOT REACHED"
            print(f"{name}, {kind}: {best['f1']} of at least {entry['target']}{verdict}")
    if not options.only:
        print(table(rows))
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
