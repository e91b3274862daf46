"""A spaCy recogniser fitted on reviewed texts, and the rules that still help it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gonerd.annotation.examples import examples, pieces, word_batches
from gonerd.annotation.loading import load
from gonerd.annotation.pipeline import SpacyAnnotator
from gonerd.annotation.select_rules import Reviewed, f1, select_rules
from gonerd.errors import GonerdError
from gonerd.labels import CORE
from gonerd.records import Span

from . import LEARNERS, TrainSettings, TrainSummary, name_after

EPOCHS = 20


@LEARNERS.register("recogniser")
def learn(
    training: Sequence[Reviewed], validation: Sequence[Reviewed], folder: Path, out: Path, settings: TrainSettings
) -> TrainSummary:
    """Writes the fitted recogniser as a pipeline of its own."""
    nlp, summary = fit(training, validation, settings)
    name_after(nlp, out)
    nlp.to_disk(folder)
    return summary


def fit(
    training: Sequence[Reviewed], validation: Sequence[Reviewed], settings: TrainSettings
) -> tuple[Any, TrainSummary]:
    """Fits a recogniser on texts with their spans, until others are read no better.

    Returns:
        The pipeline, with the chosen rules in `meta["gonerd"]`, and the summary.
    """
    from thinc.api import fix_random_seed

    fix_random_seed(settings.seed)
    draw = random.Random(settings.seed)
    nlp, start = _start(settings.base)
    learned, misaligned = examples(nlp, (piece for text, spans in training for piece in pieces(text, spans)))
    nlp.config["initialize"]["lookups"] = None  # tables of another package; those of the base are in its vocabulary
    optimizer = nlp.initialize(lambda: learned[:200])
    if start:
        nlp.get_pipe("ner").model.get_ref("tok2vec").from_bytes(start)
    optimizer.learn_rate = settings.learning_rate
    scores: list[float] = []
    best, best_bytes = -1.0, b""
    for _ in range(settings.epochs or EPOCHS):
        draw.shuffle(learned)
        for batch in word_batches(learned):
            nlp.update(batch, drop=settings.dropout, sgd=optimizer)
        with nlp.use_params(optimizer.averages):
            score = f1(_predicted(nlp, validation), validation)
            scores.append(score)
            if score > best:
                best, best_bytes = score, nlp.to_bytes()
        if len(scores) - 1 - scores.index(max(scores)) >= settings.patience:
            break
    nlp.from_bytes(best_bytes)
    rules, with_rules = select_rules(_predicted(nlp, validation), validation)
    summary = TrainSummary(
        len(training),
        len(validation),
        sum(len(s) for _, s in training),
        misaligned,
        len(scores),
        scores,
        with_rules,
        rules,
    )
    nlp.meta["gonerd"] = {"rules": rules, "settings": dataclasses.asdict(settings), **dataclasses.asdict(summary)}
    return nlp, summary


def _start(base: str) -> tuple[Any, bytes]:
    """Returns a pipeline with one entity recogniser for the core labels, and the weights of the base's embedding."""
    import spacy

    trained = b""
    if base == "blank":
        nlp = spacy.blank("en")
        nlp.add_pipe("ner")
    else:
        nlp, _ = load(base)
        config = nlp.config["components"]["ner"]["model"]
        if "Listener" in str(config["tok2vec"].get("@architectures", "")):
            raise GonerdError(f"spaCy pipeline {base!r}: its recogniser has no layers of its own; use en_core_web_sm")
        trained = nlp.get_pipe("ner").model.get_ref("tok2vec").to_bytes()
        for pipe in list(nlp.component_names):
            nlp.remove_pipe(pipe)
        nlp.add_pipe("ner", config={"model": config})
    ner: Any = nlp.get_pipe("ner")
    for label in CORE:
        ner.add_label(label)
    return nlp, trained


def _predicted(nlp: Any, reviewed: Sequence[Reviewed]) -> list[list[Span]]:
    annotator = SpacyAnnotator(nlp, "trained", "core", {label: label for label in CORE})
    return [[m.span() for m in found] for found in annotator.mentions([text for text, _ in reviewed])]
