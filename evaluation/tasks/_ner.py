"""What the entity tasks over CoNLL columns share: documents or sentences as examples, and columns as predictions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, unknown_name
from gonerd.evaluation.metrics import Tagged
from gonerd.labels import SCHEMES, tags_to_spans
from gonerd.records import Span

from . import Task
from ._columns import check_scheme, documents, in_bio
from ._examples import TaggedExample
from ._tally import Tally

CONTEXTS = ("document", "sentence")
OPTIONS = {
    "context": "what an example is: document (default) or sentence",
    "scheme": f"tag scheme of the references: {', '.join(SCHEMES)}",
    "predicted_scheme": f"tag scheme of the predictions: {', '.join(SCHEMES)} (default BIO)",
}


@dataclass(frozen=True, kw_only=True)
class NerTask(Task):
    """Tagging words with entity types.

    Attributes:
        scheme: Tag scheme of the original files.
    """

    scheme: str
    kind: str = "token-classification"
    metrics: tuple[str, ...] = ("exact_spans", "seqeval_default", "conlleval", "long_ner")
    headline: tuple[str, ...] = ("exact_spans",)
    options: Mapping[str, str] = field(default_factory=lambda: OPTIONS)

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """Reads a file of CoNLL columns."""
        scheme = options.get("scheme", self.scheme)
        found = [
            [(s.words, in_bio(s.tags, scheme, f"{path} line {s.line}")) for s in sentences]
            for sentences in documents(path)
        ]
        check_scheme([tags for sentences in found for _, tags in sentences], scheme, str(path), "--scheme")
        for number, sentences in enumerate(found):
            yield from self.parts(str(number), sentences, tally, options)

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """Reads the rows of a hub's dataset, a sentence each, with numbered tags; it parts no documents."""
        names = rows.features["ner_tags"].feature.names  # type: ignore[attr-defined]
        for number, row in enumerate(rows):
            tags = in_bio([names[tag] for tag in row["ner_tags"]], options.get("scheme", "BIO"), f"row {number}")
            yield from self.parts(str(number), [(row["tokens"], tags)], tally, {"context": "document"})

    def parts(
        self, document: str, sentences: Sequence[tuple[list[str], list[str]]], tally: Tally, options: Mapping[str, str]
    ) -> Iterator[TaggedExample]:
        """Makes the example of a document, or those of its sentences.

        Raises:
            UsageError: The context is neither.
        """
        context = options.get("context", CONTEXTS[0])
        if context not in CONTEXTS:
            raise unknown_name("context", context, CONTEXTS)
        whole = context == "document"
        for number, part in enumerate([sentences] if whole else [[sentence] for sentence in sentences]):
            tally.read += 1
            yield example_of(document if whole else f"{document}.{number}", document, part)

    def gold(self, example: TaggedExample) -> Tagged:
        """Returns the tags, sentence by sentence."""
        return example.tagged()

    def guess(self, example: TaggedExample, found: Sequence[Span]) -> Tagged:
        """Returns the tags of the spans, sentence by sentence."""
        return example.tagged(found)

    def references(self, path: Path, tally: Tally, **options: str) -> dict[str, tuple[str, Any]]:
        """Reads gold columns: from number of the document to its tags."""
        return _tagged(self, path, options.get("scheme", self.scheme), "--scheme", tally)

    def absent(self, gold: Tagged) -> Tagged:
        """Returns tags without a mention."""
        return Tagged(tuple(("O",) * len(tags) for tags in gold.sentences), gold.words)

    def predictions(self, path: Path, **options: str) -> dict[str, Any]:
        """Reads columns whose last one is the predicted tag, in the order of the references."""
        found = _tagged(self, path, options.get("predicted_scheme", "BIO"), "--predicted-scheme", Tally())
        return {key: tagged for key, (_, tagged) in found.items()}

    def check(self, where: str, gold: Tagged, predicted: Tagged) -> None:
        """Checks that both sides have the same words in the same sentences."""
        for number, (a, b) in enumerate(zip(gold.words, predicted.words, strict=False)):
            differs = next((i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), None)
            if differs is not None:
                raise GonerdError(
                    f"{where}, sentence {number}, word {differs}: the references have {a[differs]!r}, the predictions "
                    f"{b[differs]!r}; predict for this very file"
                )
            if len(a) != len(b):
                raise GonerdError(
                    f"{where}, sentence {number}: {len(a)} words in the references, {len(b)} in the predictions; no "
                    "word may be cut off"
                )
        if len(gold.words) != len(predicted.words):
            raise GonerdError(
                f"{where}: {len(gold.words)} sentences in the references, {len(predicted.words)} in the predictions; "
                "no sentence may be left out"
            )


def _tagged(task: NerTask, path: Path, scheme: str, option: str, tally: Tally) -> dict[str, tuple[str, Any]]:
    found = {}
    for number, sentences in enumerate(documents(path)):
        tally.read += 1
        tags = tuple(tuple(in_bio(s.tags, scheme, f"{path} line {s.line}")) for s in sentences)
        found[str(number)] = (str(number), Tagged(tags, tuple(tuple(s.words) for s in sentences)))
    check_scheme([list(s) for _, tagged in found.values() for s in tagged.sentences], scheme, str(path), option)
    return found


def example_of(key: str, document: str, sentences: Sequence[tuple[Sequence[str], Sequence[str]]]) -> TaggedExample:
    """Joins words to a text, by blanks, sentences by line breaks, and the tags to spans over it.

    Args:
        key: Identifier of the example.
        document: Identifier of the document.
        sentences: Words and BIO tags of each sentence; no mention goes beyond its sentence.
    """
    offsets: list[tuple[int, int]] = []
    starts, spans, at = [], [], 0
    for words, tags in sentences:
        starts.append(len(offsets))
        here = []
        for word in words:
            here.append((at, at + len(word)))
            at += len(word) + 1
        offsets += here
        spans += tags_to_spans(tags, here)
    text = "\n".join(" ".join(words) for words, _ in sentences)
    return TaggedExample(key, document, text, tuple(offsets), tuple(starts), tuple(spans))


def entity_types(examples: Iterable[TaggedExample]) -> list[str]:
    """Lists the labels that occur, sorted."""
    return sorted({span.label for span in chain.from_iterable(example.spans for example in examples)})
