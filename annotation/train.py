"""Learning from review: a spaCy entity recogniser fitted on reviewed layers, on a CPU."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd import __version__
from gonerd.errors import GonerdError, UsageError, unknown_name
from gonerd.files import new_folder
from gonerd.io import LayerReader, read_documents
from gonerd.labels import CORE
from gonerd.records import Span

from .annotator import Annotator
from .chunks import chunks
from .loading import DEFAULT, load
from .reader import FILE, NAME, Reader, fit_reader
from .select_rules import Reviewed, f1, select_rules

_PIECE = 1_500  # characters of a training example; a recogniser that sees 4 tokens to each side needs no more
_BATCH_WORDS = 1_200
_STEPS = 30  # at least so many steps a pass, or the average of the weights lags far behind on little data


KINDS = ("recogniser", "reader")


@dataclass(frozen=True)
class TrainSettings:
    """How a recogniser is fitted.

    Attributes:
        kind: "recogniser" fits a spaCy recogniser; "reader" leaves the base as it is and fits a second reader of what
            it, the rules and consistency make of a document, which takes seconds and needs fewer documents.
        base: spaCy pipeline whose recogniser's embedding layers are the start, "blank" for random ones; for a reader,
            the pipeline whose drafts it reads.
        validation: Share of the documents that early stopping and the choice of rules look at.
        epochs: Most passes over the training documents.
        patience: Passes without a better validation score before it stops.
        dropout: Share of activations left out while fitting.
        learning_rate: Adam's.
        seed: Of the split, the order and the dropout.
    """

    kind: str = "recogniser"
    base: str = DEFAULT
    validation: float = 0.1
    epochs: int = 20
    patience: int = 3
    dropout: float = 0.2
    learning_rate: float = 1e-3
    seed: int = 0

    def check(self) -> None:
        """Refuses settings that cannot work.

        Raises:
            UsageError: A setting is out of range; the message names its option.
        """
        if self.kind not in KINDS:
            raise unknown_name("kind", self.kind, KINDS)
        if not 0 < self.validation < 1:
            raise UsageError(f"--validation {self.validation}: give a share between 0 and 1")
        for name in ("epochs", "patience"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} {getattr(self, name)}: give at least 1")


@dataclass(frozen=True)
class TrainSummary:
    """What came of it.

    Attributes:
        documents: Training documents.
        validation_documents: Documents held out.
        spans: Spans learned from.
        misaligned: Spans that begin or end inside a token and so could not be learned from.
        epochs: Passes made.
        f1: Exact-span micro F1 on the held-out documents, by pass, without rules.
        f1_with_rules: The same of the best pass with the chosen rules.
        rules: Rules that raise it, which `annotate run` uses with this pipeline.
    """

    documents: int
    validation_documents: int
    spans: int
    misaligned: int
    epochs: int
    f1: list[float]
    f1_with_rules: float
    rules: list[str]


def train(documents: Path, layers: Sequence[Path], out: Path, settings: TrainSettings | None = None) -> TrainSummary:
    """Fits a recogniser on the documents that a reviewed layer annotates and writes it as a spaCy pipeline.

    Args:
        documents: The annotated documents.
        layers: Reviewed layers; a document that several annotate counts with the first.
        out: Folder of the pipeline, for `annotate run --pipeline`.
        settings: How.

    Returns:
        Counts and validation scores.

    Raises:
        GonerdError: No document is annotated, too few to hold any out, or the base cannot be loaded.
        UsageError: A setting is out of range.
    """
    settings = settings or TrainSettings()
    settings.check()
    reviewed = list(_reviewed(documents, layers))
    if settings.kind == "reader":
        return _train_reader(reviewed, out, settings)
    nlp, summary = fit(reviewed, settings)
    nlp.meta["name"] = out.name.replace("-", "_") or "reviewed"
    nlp.meta["version"] = __version__
    with new_folder(out) as folder:
        nlp.to_disk(folder)
    return summary


def _train_reader(reviewed: Sequence[Reviewed], out: Path, settings: TrainSettings) -> TrainSummary:
    training, validation = _split(reviewed, settings)
    annotator = Annotator.load([settings.base])
    with new_folder(out) as folder:
        summary = fit_on_drafts(annotator, training, validation, folder / FILE)
        nlp = annotator.pipelines[0].nlp
        nlp.meta["name"] = out.name.replace("-", "_") or "reviewed"
        nlp.meta["gonerd"] = {"settings": dataclasses.asdict(settings), **dataclasses.asdict(summary), "rules": None}
        nlp.to_disk(folder)
    return summary


def fit_on_drafts(
    annotator: Annotator, training: Sequence[Reviewed], validation: Sequence[Reviewed], path: Path
) -> TrainSummary:
    """Fits a reader on an annotator's drafts, writes it and gives it to the annotator.

    Args:
        annotator: Without a reader; it has one afterwards.
        training: Texts with their right spans.
        validation: Others, to say how good it is.
        path: File to write.

    Returns:
        Counts, and F1 on the validation texts before and after.
    """
    drafts = annotator.drafts([text for text, _ in training])
    fit_reader(((draft, spans) for draft, (_, spans) in zip(drafts, training, strict=True)), path)
    scores = []
    for reader in (None, Reader.load(path)):
        annotator.reader = reader
        scores.append(f1(list(annotator.spans([text for text, _ in validation])), validation))
    rules = [*annotator.steps, *(rule.name for rule in annotator.rules), NAME]
    learned = sum(len(spans) for _, spans in training)
    return TrainSummary(len(training), len(validation), learned, 0, 1, scores[:1], scores[1], rules)


def _reviewed(documents: Path, layers: Sequence[Path]) -> Iterator[Reviewed]:
    readers = [LayerReader(layer) for layer in layers]
    count = 0
    for document in read_documents(documents):
        found = [annotation for reader in readers if (annotation := reader.take(document)) is not None]
        if found:
            count += 1
            yield document.text, found[0].spans
    for reader in readers:
        reader.finish(documents)
    if not count:
        raise GonerdError(f"{documents}: none of its documents is annotated in {', '.join(map(str, layers))}")


def fit(reviewed: Sequence[Reviewed], settings: TrainSettings) -> tuple[Any, TrainSummary]:
    """Fits a recogniser on texts with their spans.

    Returns:
        The pipeline, with the chosen rules in `meta["gonerd"]`, and the summary.

    Raises:
        GonerdError: There are fewer than two documents.
    """
    from thinc.api import fix_random_seed

    training, validation = _split(reviewed, settings)
    fix_random_seed(settings.seed)
    draw = random.Random(settings.seed)
    nlp, start = _recogniser(settings.base)
    pieces = [piece for text, spans in training for piece in _pieces(text, spans)]
    examples, misaligned = _examples(nlp, pieces)
    nlp.config["initialize"]["lookups"] = None  # tables of another package; those of the base are in its vocabulary
    optimizer = nlp.initialize(lambda: examples[:200])
    if start:
        nlp.get_pipe("ner").model.get_ref("tok2vec").from_bytes(start)
    optimizer.learn_rate = settings.learning_rate
    scores: list[float] = []
    best, best_bytes = -1.0, b""
    for _ in range(settings.epochs):
        draw.shuffle(examples)
        for batch in _word_batches(examples):
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


def _split(reviewed: Sequence[Reviewed], settings: TrainSettings) -> tuple[list[Reviewed], list[Reviewed]]:
    """Parts documents, shuffled, into those to learn from and those held out."""
    if len(reviewed) < 2:
        raise GonerdError(f"{len(reviewed)} reviewed document: at least 2 are needed, one of them held out")
    order = list(reviewed)
    random.Random(settings.seed).shuffle(order)
    held = max(1, round(len(order) * settings.validation))
    return order[held:], order[:held]


def _recogniser(base: str) -> tuple[Any, bytes]:
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


def _pieces(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Cuts a document into training pieces; a border inside a span is left out."""
    ordered = sorted(spans, key=lambda s: s.key)
    start = 0
    for _, end in chunks(text, _PIECE):
        if any(s.start < end < s.end for s in ordered):
            continue
        inside = [Span(s.start - start, s.end - start, s.label) for s in ordered if start <= s.start and s.end <= end]
        yield text[start:end], inside
        start = end
    if start < len(text):
        yield text[start:], [Span(s.start - start, s.end - start, s.label) for s in ordered if s.start >= start]


def _examples(nlp: Any, pieces: Iterable[tuple[str, list[Span]]]) -> tuple[list[Any], int]:
    from spacy.training import Example

    examples, misaligned = [], 0
    for text, spans in pieces:
        reference = nlp.make_doc(text)
        if not len(reference):
            continue
        found = [reference.char_span(s.start, s.end, s.label) for s in spans]
        missing = [
            reference.char_span(s.start, s.end, alignment_mode="expand")
            for s, f in zip(spans, found, strict=True)
            if f is None
        ]
        misaligned += len(missing)
        kept = [f for f in found if f is not None]
        reference.set_ents(
            kept,
            missing=[
                m for m in missing if m is not None and not any(m.start < k.end and k.start < m.end for k in kept)
            ],
            default="outside",
        )
        examples.append(Example(nlp.make_doc(text), reference))
    return examples, misaligned


def _word_batches(examples: Sequence[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    words = 0
    enough = min(_BATCH_WORDS, sum(len(example.reference) for example in examples) // _STEPS)
    for example in examples:
        batch.append(example)
        words += len(example.reference)
        if words >= enough:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch


def _predicted(nlp: Any, reviewed: Sequence[Reviewed]) -> list[list[Span]]:
    from .pipeline import SpacyAnnotator

    annotator = SpacyAnnotator(nlp, "trained", "core", {label: label for label in CORE})
    return [[m.span() for m in found] for found in annotator.mentions([text for text, _ in reviewed])]
